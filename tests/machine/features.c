// SPDX-License-Identifier: GPL-2.0
/*
 * Uses, from user space, what the CPU has that a demotion could take away, and
 * prints a line "NAME ok|wrong|absent" for each.  Under Keel it has to print
 * what it prints without.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shstk.h"

static sigjmp_buf back;
static volatile int caught;

static void on_signal(int sig)
{
	caught = sig;
	siglongjmp(back, 1);
}

struct leaf {
	uint32_t a, b, c, d;
};

static struct leaf cpuid(uint32_t leaf, uint32_t sub)
{
	struct leaf l = { 0 };

	if (leaf <= __get_cpuid_max(leaf & 0x80000000, NULL))
		__cpuid_count(leaf, sub, l.a, l.b, l.c, l.d);
	return l;
}

static int rdtscp(void)
{
	uint32_t a, d, c1, c2;

	asm volatile("rdtscp" : "=a" (a), "=d" (d), "=c" (c1));
	asm volatile("rdtscp" : "=a" (a), "=d" (d), "=c" (c2));
	return c1 < 4096 && c2 < 4096;
}

static int rdpid(void)
{
	uint64_t id;

	asm volatile("rdpid %0" : "=r" (id));
	return (id & 0xfff) < 4096;
}

/* Through GS, which the C library leaves alone. */
static int fsgsbase(void)
{
	uint64_t cell = 0x1234567890abcdef, base, val;

	asm volatile("wrgsbase %0" : : "r" (&cell));
	sched_yield();
	asm volatile("rdgsbase %0" : "=r" (base));
	asm volatile("mov %%gs:0, %0" : "=r" (val));
	return base == (uint64_t)&cell && val == cell;
}

static int rdrand(void)
{
	uint64_t val;
	unsigned char got;

	asm volatile("rdrand %0\nsetc %1" : "=r" (val), "=q" (got));
	return got;
}

static int xsavec(void)
{
	static uint8_t area[8192] __attribute__((aligned(64)));
	uint64_t in = 0x5555aaaa3333cccc, out = 0;

	asm volatile("movq %0, %%xmm3" : : "r" (in) : "xmm3");
	asm volatile("xsavec %0" : "+m" (area) : "a" (3), "d" (0) : "memory");
	asm volatile("pxor %%xmm3, %%xmm3" : : : "xmm3");
	asm volatile("xrstor %0" : : "m" (area), "a" (3), "d" (0) : "memory");
	asm volatile("movq %%xmm3, %0" : "=r" (out));
	return in == out;
}

static int avx(void)
{
	uint8_t in[32], out[32];
	unsigned int i;

	for (i = 0; i < sizeof(in); i++)
		in[i] = 3 * i + 1;
	asm volatile("vmovdqu %0, %%ymm7" : : "m" (in) : "xmm7");
	sched_yield();
	usleep(2000);
	asm volatile("vmovdqu %%ymm7, %0" : "=m" (out));
	return !memcmp(in, out, sizeof(in));
}

static int tpause(void)
{
	asm volatile("xor %%ecx, %%ecx\nxor %%eax, %%eax\nxor %%edx, %%edx\n"
		     ".byte 0x66, 0x0f, 0xae, 0xf1" : : : "eax", "ecx", "edx", "cc");
	return 1;
}

static int pku(void)
{
	long *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int key = pkey_alloc(0, 0);

	if (key < 0 || pkey_mprotect(page, 4096, PROT_READ | PROT_WRITE, key))
		return 0;
	*page = 5;
	pkey_set(key, PKEY_DISABLE_ACCESS);
	caught = 0;
	if (!sigsetjmp(back, 1))
		(void)*(volatile long *)page;
	pkey_set(key, 0);
	return caught == SIGSEGV && *page == 5;
}

/* The kernel answers for the CPU: a limit of 0, a base that is not its own. */
static int umip(void)
{
	struct __attribute__((packed)) { uint16_t limit; uint64_t base; } dtr;

	asm volatile("sgdt %0" : "=m" (dtr));
	return dtr.limit == 0;
}

static int serialize(void)
{
	asm volatile(".byte 0x0f, 0x01, 0xe8" : : : "memory");
	return 1;
}

static int cldemote(void)
{
	static char line[64];

	asm volatile(".byte 0x0f, 0x1c, 0x07" : : "D" (line) : "memory");
	return 1;
}

static int sha(void)
{
	asm volatile("sha256msg1 %%xmm1, %%xmm2" : : : "xmm2");
	return 1;
}

static int vmx(void)
{
	caught = 0;
	if (!sigsetjmp(back, 1))
		asm volatile("vmcall" : : "a" (0x4b45454c00000000), "D" (0));
	return caught == SIGILL;
}

/* Is the newest entry of the shadow stack where this function will return to? */
static __attribute__((noinline)) int on_top(void)
{
	void **ssp = NULL;

	cpuid(0x80000000, 0);
	asm volatile("rdsspq %0" : "+r" (ssp));
	return ssp && *ssp == __builtin_return_address(0);
}

static __attribute__((noinline)) int deeper(int levels)
{
	int good = levels ? deeper(levels - 1) : on_top();

	asm volatile("" : : : "memory");
	return good && on_top();
}

static __attribute__((always_inline)) inline int no_shadow_stack(void)
{
	void *ssp = NULL;

	asm volatile("rdsspq %0" : "+r" (ssp));
	return !ssp;
}

/*
 * How a process on a shadow stack does: 0, 1 when something is wrong, 2 without, 3 when
 * it was lost on the way: where the emulated CPU alone does so in a switch of tasks.
 */
static int try_shadow_stack(void)
{
	pid_t pid = fork();
	int status = -1;

	if (!pid) {
		if (!shstk_enable())
			_exit(2);
		if (deeper(5)) {
			sched_yield();
			if (deeper(5))
				_exit(0);
		}
		_exit(no_shadow_stack() ? 3 : 1);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* Lost time and again is wrong: the emulated CPU alone loses one in two, at the worst. */
static int on_shadow_stack(void)
{
	int i, how = 3;

	for (i = 0; i < 20 && how == 3; i++)
		how = try_shadow_stack();
	return how;
}

static int shstk(void)
{
	return !on_shadow_stack();
}

static void test(const char *name, int present, int (*use)(void))
{
	const char *result = "absent";

	if (present) {
		caught = 0;
		if (!sigsetjmp(back, 1))
			result = use() ? "ok" : "wrong";
		else
			result = caught == SIGILL ? "SIGILL" : "signal";
	}
	printf("%s %s\n", name, result);
}

int main(void)
{
	struct leaf l1 = cpuid(1, 0), l7 = cpuid(7, 0), x = cpuid(0x80000001, 0);
	struct leaf d1 = cpuid(0xd, 1);

	signal(SIGILL, on_signal);
	signal(SIGSEGV, on_signal);
	test("RDTSCP", x.d >> 27 & 1, rdtscp);
	test("RDPID", l7.c >> 22 & 1, rdpid);
	test("FSGSBASE", l7.b & 1, fsgsbase);
	test("RDRAND", l1.c >> 30 & 1, rdrand);
	test("XSAVEC", (l1.c >> 27 & 1) && (d1.a >> 1 & 1), xsavec);
	test("AVX", (l1.c >> 27 & 1) && (l1.c >> 28 & 1), avx);
	test("TPAUSE", l7.c >> 5 & 1, tpause);
	test("PKU", l7.c >> 4 & 1, pku);
	test("UMIP", l7.c >> 2 & 1, umip);
	test("SERIALIZE", l7.d >> 14 & 1, serialize);
	test("CLDEMOTE", l7.c >> 25 & 1, cldemote);
	test("SHA", l7.b >> 29 & 1, sha);
	test("SHSTK", on_shadow_stack() != 2, shstk);
	test("VMCALL-is-undefined", 1, vmx);
	/* What the kernel says it has in use, and OSXSAVE and OSPKE as CPUID shows them */
	printf("OSXSAVE %u OSPKE %u XCR0-size %u\n", l1.c >> 27 & 1, l7.c >> 4 & 1,
	       cpuid(0xd, 0).b);
	return 0;
}
