# SPDX-License-Identifier: GPL-2.0
#
# Which sources the tests link: shared by tests/kunit/Kbuild (a kernel module) and
# tests/user/Makefile (user space under sanitizers).  Paths are relative to the
# root of the project; $(keel-root) leads there and is set by who includes this.
#
# The sources under test become an archive, of which the linker takes what the
# suites refer to: those that need the root image's assembly are compiled, but
# come along only if a suite tests them, with a stand-in for the assembly (any
# other C file in tests/kunit).

# C files of the root world that the tests cannot even compile
keel-not-pure :=

# suites that need a kernel around them, and the host sources that they test
keel-kernel-suites := $(addprefix tests/kunit/,device_stubs.c device_test.c ioapic_test.c \
	pit_test.c rtc_test.c uart_test.c)
keel-kernel-sources := $(addprefix kmod/,device.c ioapic.c pit.c rtc.c uart.c)

keel-glob = $(patsubst $(keel-root)/%,%,$(sort $(wildcard $(addprefix $(keel-root)/,$(1)))))

keel-pure := $(filter-out $(keel-not-pure) %.mod.c,$(call keel-glob,kmod/vmx/*.c kmod/mmu/*.c))
# Host files that need little more of the kernel than memory
keel-pure += kmod/index.c kmod/pace.c
# (scripts/kunit puts more than the project has into its mirror)
keel-suites := $(filter-out $(keel-kernel-suites) tests/kunit/stock% %.mod.c,\
	$(call keel-glob,tests/kunit/*.c))
