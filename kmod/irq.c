// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts of guests, as far as Linux has to do with them: what devices send, and vCPUs
 * that have to hear of something.
 *
 * World: host.  Root finds out who is meant and leaves the interrupt there; what it cannot
 * do is wake a thread, or have a CPU look.
 */
#include <linux/bits.h>

#include "keel.h"
#include "life.h"
#include "vm.h"

/*
 * A thread that runs when it is looked at passes root's look at what has come on its way
 * back into the guest, unless it is past that: then the interrupt makes an exit.
 */
static void tell(struct keel_vcpu_thread *t, bool kick)
{
	WRITE_ONCE(t->woken, true);
	if (!keel_thread_wake(t, kick, false))
		keel_thread_recall(t, true);
}

/**
 * keel_irq_tell() - vCPUs have to hear that something has come for them
 * @vm: the guest
 * @wake: those that have halted, a bit for each
 * @kick: those that are in the guest
 */
void keel_irq_tell(struct keel_vm *vm, u32 wake, u32 kick)
{
	u32 all = wake | kick, i;

	for (i = 0; i < vm->config.vcpus; i++)
		if (all >> i & 1)
			tell(&vm->thread[i], kick >> i & 1);
}

/**
 * keel_irq_msi() - a device of a guest's sends an interrupt
 * @vm: the guest
 * @address: of the message
 * @data: what it holds
 *
 * May be called with a device's lock held, but not with a spinlock.  A guest that is not
 * in root takes no interrupts.
 */
void keel_irq_msi(struct keel_vm *vm, u64 address, u32 data)
{
	s64 ret = keel_hypercall3(KEEL_HC_MSI, vm->slot, address, data);

	if (ret > 0)
		keel_irq_tell(vm, KEEL_MSI_WAKE(ret), KEEL_MSI_KICK(ret));
}
