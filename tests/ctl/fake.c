// SPDX-License-Identifier: GPL-2.0
/*
 * A made-up machine for keelctl, in place of ctl/sys.c, whose interface this has
 * (ctl/Makefile includes it here).  The machine is the folder $FAKE: root/ has
 * files with the paths of the real ones, and cpuN the lines
 *	cpuid LEAF EAX EBX ECX EDX
 *	msr NUMBER VALUE
 *	msr_error ERRNO		for all MSRs
 *	cpuid_error ERRNO
 * with numbers in hexadecimal.  A file "unload" has the errno, in decimal, that keeps
 * a module from being unloaded; without one it is, and a file "unloaded" is made.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *real(const char *path)
{
	static char buf[512];

	snprintf(buf, sizeof(buf), "%s/root%s", getenv("FAKE"), path);
	return buf;
}

char *sys_read(const char *path)
{
	size_t size = 1 << 20, len;
	FILE *f = fopen(real(path), "r");
	char *text;

	if (!f)
		return NULL;
	text = malloc(size);
	len = fread(text, 1, size - 1, f);
	fclose(f);
	if (len && text[len - 1] == '\n')
		len--;
	text[len] = 0;
	/* root can read everything, which is not what a test may want */
	if (!strncmp(text, "EACCES", 6)) {
		free(text);
		errno = EACCES;
		return NULL;
	}
	return text;
}

unsigned int sys_count(const char *pattern)
{
	glob_t found;
	unsigned int n;

	if (glob(real(pattern), 0, NULL, &found))
		return 0;
	n = found.gl_pathc;
	globfree(&found);
	return n;
}

/* The numbers behind a line's first words */
static int find(unsigned int cpu, const char *words, unsigned long long *val, int nr)
{
	char path[512], line[256], *at;
	size_t len = strlen(words);
	int i, found = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/cpu%u", getenv("FAKE"), cpu);
	f = fopen(path, "r");
	if (!f)
		return 0;
	while (!found && fgets(line, sizeof(line), f)) {
		if (strncmp(line, words, len) || line[len] != ' ')
			continue;
		at = line + len;
		for (i = 0; i < nr; i++)
			val[i] = strtoull(at, &at, 16);
		found = 1;
	}
	fclose(f);
	return found;
}

int sys_cpuid(unsigned int cpu, __u32 leaf, struct sys_cpuid *regs)
{
	unsigned long long val[4] = { 0 };
	char words[32];

	if (find(cpu, "cpuid_error", val, 1))
		return -(int)val[0];
	snprintf(words, sizeof(words), "cpuid %x", leaf);
	find(cpu, words, val, 4);
	*regs = (struct sys_cpuid) { val[0], val[1], val[2], val[3] };
	return 0;
}

int sys_msr(unsigned int cpu, __u32 msr, __u64 *val)
{
	unsigned long long err;
	char words[32];

	if (find(cpu, "msr_error", &err, 1))
		return -(int)err;
	snprintf(words, sizeof(words), "msr %x", msr);
	return find(cpu, words, val, 1) ? 0 : -EIO;
}

const char *sys_release(void)
{
	return "6.1.0-fake";
}

int sys_terminal(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/%s", name);
	fd = open(real(path), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sys_unload(const char *module)
{
	char path[512];
	int err = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/unload", getenv("FAKE"));
	f = fopen(path, "r");
	if (f) {
		if (fscanf(f, "%d", &err) != 1)
			abort();
		fclose(f);
		return -err;
	}
	snprintf(path, sizeof(path), "%s/unloaded", getenv("FAKE"));
	f = fopen(path, "w");
	if (f)
		fclose(f);
	return 0;
}
