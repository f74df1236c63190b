# SPDX-License-Identifier: GPL-2.0
#
# The targets that people and CI use; "make help" says what each does.  The work
# is done by scripts/, and the module itself is described in Kbuild.
#
#   KERNEL=VERSION   which stock Debian kernel (5.10, 6.1, 6.12, 7.3), or "installed"
#                    for the running one, whose headers have to be installed

VERSION := 0.1
HAVE_HEADERS := $(wildcard /lib/modules/$(shell uname -r)/build/.)
KERNEL ?= $(if $(HAVE_HEADERS),installed,6.1)
MACHINE_KERNEL := $(if $(filter installed,$(KERNEL)),6.1,$(KERNEL))
RELEASE := $(if $(filter installed,$(KERNEL)),$(shell uname -r),$(KERNEL))

PREFIX ?= /usr/local
DESTDIR ?=

.PHONY: help all keel.ko keelctl guests demo check check-all check-quick kunit user fuzz machine sparse style \
	bench install uninstall clean

help:
	@echo "Keel: a thin VT-x hypervisor that slides beneath the running Linux"
	@echo
	@echo "  make all          keel.ko and keelctl, for the kernel that runs here if its"
	@echo "                    headers are installed, else for Debian 12's (KERNEL=6.1)"
	@echo "  make guests       small guests to try it with"
	@echo "  make demo         the main job, on the emulated reference machine"
	@echo "  make check        all tests (30 to 45 minutes on two cores, the first time)"
	@echo "  make check-all    the same, and the cases on other kernels, CPUs, emulators: hours"
	@echo "  make check-quick  the tests that take a few minutes"
	@echo "  make kunit        the KUnit suites in a KUnit kernel (FLAVOUR=um|fast|debug|"
	@echo "                    kcsan|stock)"
	@echo "  make user         the same suites in user space, under ASan and UBSan"
	@echo "  make fuzz         libFuzzer over root's sources (SECONDS=60)"
	@echo "  make machine      the end-to-end cases on the reference machine (CASES=...;"
	@echo "                    KERNEL=debug: on a kernel with KASAN, lockdep, kmemleak)"
	@echo "  make sparse       sparse over all C files"
	@echo "  make style        checkpatch, kernel-doc, headers, layers"
	@echo "  make bench        Keel beside KVM, in emulated instructions; guests that boot Linux, too"
	@echo "  make install      keel.ko by DKMS, keelctl, man page (as root)"
	@echo "  make uninstall    takes them away again"
	@echo "  make clean        removes build/"

all: keel.ko keelctl

keel.ko:
	@scripts/build $(KERNEL) keel
	@ln -sf $(RELEASE)/keel.ko build/keel.ko
	@echo "build/keel.ko is built for $(RELEASE)"

keelctl:
	@scripts/setup build
	@$(MAKE) -s -C ctl OUT=$(CURDIR)/build/ctl
	@ln -sf ctl/keelctl build/keelctl

guests:
	@scripts/setup build
	@$(MAKE) -s -C tests/guest OUT=$(CURDIR)/build/guests

demo:
	@scripts/demo

kunit:
	@scripts/kunit $(FLAVOUR)

user:
	@scripts/setup build kunit
	@$(MAKE) -s -C tests/user check

fuzz:
	@scripts/fuzz $(SECONDS)

machine:
	@tests/machine/run --kernel $(MACHINE_KERNEL) $(CASES)

sparse:
	@scripts/sparse $(MACHINE_KERNEL)

style:
	@scripts/style

bench:
	@scripts/bench
	@scripts/bench --part boot
	@scripts/bench --part many

check:
	@scripts/check full

check-all:
	@scripts/check all

check-quick:
	@scripts/check quick

install: all
	@scripts/setup install
	@scripts/install $(VERSION) "$(DESTDIR)" "$(PREFIX)" $(RELEASE)

uninstall:
	@scripts/install --remove $(VERSION) "$(DESTDIR)" "$(PREFIX)"

clean:
	rm -rf build
