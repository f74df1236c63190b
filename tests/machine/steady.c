// SPDX-License-Identifier: GPL-2.0
/*
 * steady SECONDS FILE : a load on every CPU that executes no CPUID, and the
 * contents of FILE (Keel's exit counters) before and after it, with a line
 * "----" between them.
 *
 * Each CPU has two processes that compute, fault pages in, write and read a
 * file, sleep, send each other bytes through a pipe, fork, and take signals.
 * Nothing is executed anew meanwhile: the start of a program does ask CPUID.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void nothing(int sig)
{
}

static void touch_memory(void)
{
	size_t size = 1 << 20;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	if (p == MAP_FAILED)
		die("mmap");
	for (i = 0; i < size; i += 4096)
		p[i] = i;
	munmap(p, size);
}

static void use_file(int fd)
{
	char buf[8192];

	memset(buf, 'k', sizeof(buf));
	if (pwrite(fd, buf, sizeof(buf), 0) != sizeof(buf) ||
	    pread(fd, buf, sizeof(buf), 0) != sizeof(buf))
		die("file");
}

static void fork_once(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(3);
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		die("fork");
}

static unsigned long work(int in, int out, double until)
{
	struct timespec nap = { .tv_nsec = 300000 };
	char name[] = "/tmp/steadyXXXXXX", byte = 'x';
	int fd = mkstemp(name);
	unsigned long rounds;

	if (fd < 0)
		die(name);
	unlink(name);
	for (rounds = 0; now() < until; rounds++) {
		touch_memory();
		use_file(fd);
		fork_once();
		raise(SIGUSR1);
		nanosleep(&nap, NULL);
		if (write(out, &byte, 1) != 1 || read(in, &byte, 1) != 1)
			break;	/* the other one's time was over first */
	}
	return rounds;
}

static void start_pair(int cpu, double until)
{
	int ab[2], ba[2], side;
	cpu_set_t set;

	if (pipe(ab) || pipe(ba))
		die("pipe");
	for (side = 0; side < 2; side++) {
		if (fork())
			continue;
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		if (sched_setaffinity(0, sizeof(set), &set))
			die("affinity");
		close(side ? ab[1] : ba[1]);
		close(side ? ba[0] : ab[0]);
		exit(work(side ? ab[0] : ba[0], side ? ba[1] : ab[1], until) < 3);
	}
	close(ab[0]);
	close(ab[1]);
	close(ba[0]);
	close(ba[1]);
}

static void show(const char *file)
{
	char buf[16384];
	int fd = open(file, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		die(file);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (write(1, buf, n) != n)
			exit(1);
	close(fd);
}

int main(int argc, char **argv)
{
	int cpu, status, bad = 0;
	double until;

	if (argc != 3)
		return 2;
	signal(SIGUSR1, nothing);
	signal(SIGPIPE, SIG_IGN);
	until = now() + atof(argv[1]);
	show(argv[2]);
	for (cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN); cpu++)
		start_pair(cpu, until);
	while (wait(&status) > 0)
		bad |= status;
	puts("----");
	fflush(stdout);
	show(argv[2]);
	return !!bad;
}
