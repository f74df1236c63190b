// SPDX-License-Identifier: GPL-2.0
/*
 * vectors SECONDS: fills its vector registers, those of AVX-512 if there are, else of
 * AVX or SSE, and x87's, and looks for so long whether they still hold what was put
 * there.  It does so by computing and by going to the kernel in turns.
 *
 * World: user, in the machine.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SPINS 20000

#define EACH16(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) \
	X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define EACH32(X) EACH16(X) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23) \
	X(24) X(25) X(26) X(27) X(28) X(29) X(30) X(31)

#define LOAD_ZMM(n) "vmovdqu64 64 * " #n "(%[want]), %%zmm" #n "\n\t"
#define SAVE_ZMM(n) "vmovdqu64 %%zmm" #n ", 64 * " #n "(%[now])\n\t"
#define LOAD_YMM(n) "vmovdqu 64 * " #n "(%[want]), %%ymm" #n "\n\t"
#define SAVE_YMM(n) "vmovdqu %%ymm" #n ", 64 * " #n "(%[now])\n\t"
#define LOAD_XMM(n) "movdqu 64 * " #n "(%[want]), %%xmm" #n "\n\t"
#define SAVE_XMM(n) "movdqu %%xmm" #n ", 64 * " #n "(%[now])\n\t"
#define CLOBBER(n) "xmm" #n,

/* Nothing of the compiler's may come between the load and the look. */
#define ROUND(each, load, save)							\
	asm volatile(each(load)							\
		     "fninit\n\tfldl %[number]\n\tfldpi\n\t"			\
		     "mov %[spins], %%ecx\n1:\tpause\n\tdec %%ecx\n\tjnz 1b\n\t" \
		     "test %[call], %[call]\n\tjz 2f\n\t"			\
		     "mov %[yield], %%eax\n\tsyscall\n2:\t"			\
		     "fstp %%st(0)\n\tfstpl %[popped]\n\t"			\
		     each(save)							\
		     : [popped] "=m" (popped)					\
		     : [want] "r" (want), [now] "r" (now), [number] "m" (number), \
		       [call] "r" (call), [spins] "i" (SPINS), [yield] "i" (SYS_sched_yield) \
		     : EACH16(CLOBBER) "rax", "rcx", "r11", "cc", "memory")

static uint64_t want[32][8], now[32][8];

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 1);
	double number = getpid() + 0.25, popped;
	unsigned int registers, bytes, call, i, j;
	unsigned long looks = 0;

	for (i = 0; i < 32; i++)
		for (j = 0; j < 8; j++)
			want[i][j] = (uint64_t)getpid() << 32 | 0xc0000000 | i << 8 | j;
	__builtin_cpu_init();
	bytes = __builtin_cpu_supports("avx512f") ? 64 : __builtin_cpu_supports("avx") ? 32 : 16;
	registers = bytes == 64 ? 32 : 16;
	while (time(NULL) < end) {
		call = looks % 2;
		if (bytes == 64)
			ROUND(EACH32, LOAD_ZMM, SAVE_ZMM);
		else if (bytes == 32)
			ROUND(EACH16, LOAD_YMM, SAVE_YMM);
		else
			ROUND(EACH16, LOAD_XMM, SAVE_XMM);
		for (i = 0; i < registers; i++) {
			if (!memcmp(want[i], now[i], bytes))
				continue;
			printf("vectors: register %u is wrong: %llx, not %llx\n", i,
			       (unsigned long long)now[i][0], (unsigned long long)want[i][0]);
			return 1;
		}
		if (popped != number) {
			printf("vectors: ST(1) is %f, not %f\n", popped, number);
			return 1;
		}
		looks++;
	}
	printf("vectors: %u bytes each, %lu looks\n", bytes, looks);
	return looks < 10;
}
