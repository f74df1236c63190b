/* SPDX-License-Identifier: GPL-2.0 */
/* User-space shim: no memory encryption: asm/processor-flags.h asks for it. */
#ifndef SHIM_LINUX_MEM_ENCRYPT_H
#define SHIM_LINUX_MEM_ENCRYPT_H

#define __sme_clr(x)	(x)
#define __sme_set(x)	(x)

#endif /* SHIM_LINUX_MEM_ENCRYPT_H */
