/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parts of keel_probe.ko: each reads or does something and tells the result in
 * lines of text.
 */
#ifndef KEEL_PROBE_H
#define KEEL_PROBE_H

#include <linux/seq_file.h>

/* state.c: every register that Keel could leave different, on all CPUs */
void probe_state(struct seq_file *m);
/* state.c: what an instruction of VMX does: ok, #UD or #GP */
void probe_vmx(struct seq_file *m);
struct keel;

/* roottab.c: root's page tables, as they were at the last look */
void probe_roottab(struct seq_file *m);
void probe_roottab_look(const struct keel *keel);
/* hcall.c: hypercalls at random, from every CPU */
void probe_hcall(struct seq_file *m);
/* attack.c: every page of root's is read, written and executed, on every CPU */
void probe_attack(struct seq_file *m);
/* nmi.c: NMIs to a CPU that exits all the time */
void probe_nmi(struct seq_file *m);
/* breakage.c: spoil the demoted host's EPT, or the VMCS of the next launch */
int probe_break(const char *what);
void probe_break_exit(void);
/* breakage.c: the address of any symbol of the kernel's, "MODULE:NAME" for a module's */
unsigned long probe_symbol(const char *name);

#endif /* KEEL_PROBE_H */
