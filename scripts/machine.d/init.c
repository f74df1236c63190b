// SPDX-License-Identifier: GPL-2.0
/*
 * The first process of the reference machine (a static program).
 *
 * It mounts the usual file systems, then waits for a request on the second
 * disk, which the stock kernel has no driver for: the disk is read by port
 * I/O.  In between the machine may be saved and restored any number of times
 * (snapshot.py).  A request holds a command and a tar archive with the files
 * that the command needs.
 *
 * Three ways lead out of the machine and do not mix: the kernel's messages go
 * to the second serial port, the command's output to the printer port, which
 * takes a byte with three instructions and no delay, and what happens with the
 * command (READY, START, STATUS, ERROR) to the third serial port.
 *
 * The command's output passes through a pseudo terminal in raw mode, so that
 * the C library of the programs in it writes line by line: the last words
 * before a crash are seen.  An interactive command has the first serial port
 * for its terminal instead.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define ATA		0x1f0	/* data; sector count 2, LBA 3-6, status 7 */
#define ATA_CONTROL	0x3f6
#define COM3		0x3e8	/* data; line control 3, line status 5 */
#define LPT		0x378	/* data; control 2 */
#define SHUTDOWN	0x8900	/* the word "Shutdown" ends the emulator */

#define SECTOR		512
#define BATCH		256	/* sectors read by one command */
#define CONSOLE_LEVEL	8	/* klogctl() */

/*
 * The first sector of a request; arguments and archive follow, each from a
 * sector of its own.
 */
struct request {
	char magic[8];			/* "KEELRUN1" */
	unsigned int interactive;
	unsigned int args_size;		/* strings, each with its final 0 */
	unsigned int files_size;
};

static unsigned char buffer[BATCH * SECTOR];

/* ---- the ways out ---- */

static void control(const char *format, ...)
{
	char line[256];
	va_list args;
	char *p;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	outb(0x80, COM3 + 3);	/* 115200 baud, 8 bits */
	outb(1, COM3);
	outb(0, COM3 + 1);
	outb(0x03, COM3 + 3);
	outb(0, COM3 + 1);	/* no interrupts */
	for (p = line; *p; p++) {
		while (!(inb(COM3 + 5) & 0x20))
			;
		outb(*p, COM3);
	}
	while (!(inb(COM3 + 5) & 0x40))
		;
}

static void output(const unsigned char *data, size_t size)
{
	while (size--) {
		outb(*data++, LPT);
		outb(0x0d, LPT + 2);	/* strobe */
		outb(0x0c, LPT + 2);
	}
}

static void end(void)
{
	const char *p;

	for (p = "Shutdown"; *p; p++)
		outb(*p, SHUTDOWN);
	for (;;)
		reboot(RB_POWER_OFF);
}

static void fail(const char *what)
{
	control("ERROR %s: %s\n", what, strerror(errno));
	end();
}

/* ---- the second disk ---- */

static int disk_status(int wanted)
{
	int status;

	do {
		status = inb(ATA + 7);
		if (!(status & 0x80) && (status & 0x01))
			return -1;
	} while ((status & 0x80) || (status & wanted) != wanted);
	return 0;
}

/* Read up to BATCH sectors. */
static void disk_read(unsigned int lba, unsigned int count, void *to)
{
	disk_status(0);
	outb(0xf0 | (lba >> 24 & 0x0f), ATA + 6);
	outb(count, ATA + 2);		/* 256 becomes 0, which means 256 */
	outb(lba, ATA + 3);
	outb(lba >> 8, ATA + 4);
	outb(lba >> 16, ATA + 5);
	outb(0x20, ATA + 7);
	for (; count--; to = (char *)to + SECTOR) {
		if (disk_status(0x08)) {
			errno = EIO;
			fail("disk");
		}
		insw(ATA, to, SECTOR / 2);
	}
}

static unsigned int sectors(unsigned int size)
{
	return (size + SECTOR - 1) / SECTOR;
}

static void wait_for_request(struct request *request)
{
	outb(2, ATA_CONTROL);		/* no interrupts */
	for (;;) {
		disk_read(0, 1, buffer);
		if (!memcmp(buffer, "KEELRUN1", 8))
			break;
		usleep(2000);
	}
	memcpy(request, buffer, sizeof(*request));
}

/* Make an argument vector of the request's strings. */
static char **read_args(const struct request *request)
{
	unsigned int n = sectors(request->args_size), i;
	char *text, *p, **args;

	text = malloc(n * SECTOR);
	args = calloc(request->args_size + 1, sizeof(*args));
	if (!text || !args || n > BATCH) {
		errno = E2BIG;
		fail("command");
	}
	disk_read(1, n, text);
	for (i = 0, p = text; p < text + request->args_size; p += strlen(p) + 1)
		args[i++] = p;
	return args;
}

/* Pass the archive to tar. */
static void unpack(const struct request *request)
{
	unsigned int lba = 1 + sectors(request->args_size);
	unsigned int left = request->files_size;
	int ends[2], status;
	pid_t pid;

	if (!left)
		return;
	if (pipe2(ends, O_CLOEXEC))
		fail("pipe");
	fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
	pid = fork();
	if (!pid) {
		dup2(ends[0], 0);
		execl("/bin/busybox", "tar", "-x", "-C", "/", "-f", "-", NULL);
		_exit(127);
	}
	close(ends[0]);
	while (left) {
		unsigned int size = left < sizeof(buffer) ? left : sizeof(buffer);

		disk_read(lba, sectors(size), buffer);
		if (write(ends[1], buffer, size) != (ssize_t)size)
			fail("unpacking");
		lba += BATCH;
		left -= size;
	}
	close(ends[1]);
	if (waitpid(pid, &status, 0) != pid || status) {
		errno = EIO;
		fail("tar");
	}
}

/* ---- the command ---- */

static void set_realtime(pid_t pid, int priority)
{
	struct sched_param param = { .sched_priority = priority };

	sched_setscheduler(pid, SCHED_FIFO | SCHED_RESET_ON_FORK, &param);
}

/*
 * What is written to the pseudo terminal comes to us through one of the
 * kernel's unbound workers.  Let these and us go ahead of the command, for its
 * output to be out when it goes on: the next thing it does may be the last.
 */
static void hurry_output(void)
{
	struct dirent *entry;
	char path[300], name[16];
	DIR *proc = opendir("/proc");
	FILE *file;

	while (proc && (entry = readdir(proc))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		file = atoi(entry->d_name) ? fopen(path, "r") : NULL;
		if (!file)
			continue;
		if (fgets(name, sizeof(name), file) && !strncmp(name, "kworker/u", 9))
			set_realtime(atoi(entry->d_name), 1);
		fclose(file);
	}
	if (proc)
		closedir(proc);
	set_realtime(0, 2);
}

static void start_command(char **args, int terminal, int interactive)
{
	sigset_t none;
	int input;

	setsid();
	if (interactive) {
		ioctl(terminal, TIOCSCTTY, 0);
		dup2(terminal, 0);
	} else {
		input = open("/dev/null", O_RDONLY | O_CLOEXEC);
		dup2(input, 0);
	}
	dup2(terminal, 1);
	dup2(terminal, 2);
	iopl(0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	mkdir("/keel", 0755);
	if (chdir("/keel"))
		_exit(126);
	execvp(args[0], args);
	dprintf(2, "%s: %s\n", args[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* Forward what is to be read now; 0 when nothing is, -1 at the end. */
static int forward(int master, int timeout)
{
	struct pollfd fd = { .fd = master, .events = POLLIN };
	ssize_t size;

	if (poll(&fd, 1, timeout) <= 0)
		return 0;
	size = read(master, buffer, sizeof(buffer));
	if (size <= 0)
		return -1;
	output(buffer, size);
	return 1;
}

/* Wait for the command, and for the orphans that init inherits. */
static int reap(pid_t command, int *status, int flags)
{
	pid_t pid;
	int s;

	while ((pid = waitpid(-1, &s, flags)) > 0) {
		if (pid == command) {
			*status = WIFEXITED(s) ? WEXITSTATUS(s) : 128 + WTERMSIG(s);
			return 1;
		}
	}
	return 0;
}

static int run(char **args)
{
	struct pollfd fds[2] = { { .events = POLLIN }, { .events = POLLIN } };
	struct signalfd_siginfo info;
	struct termios raw;
	int master, slave, status = 0, ended = 0;
	sigset_t chld;
	pid_t pid;

	memset(&raw, 0, sizeof(raw));
	cfmakeraw(&raw);
	raw.c_cflag |= CREAD;
	if (openpty(&master, &slave, NULL, &raw, NULL))
		fail("pseudo terminal");
	fcntl(master, F_SETFD, FD_CLOEXEC);
	fcntl(slave, F_SETFD, FD_CLOEXEC);
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	fds[0].fd = master;
	fds[1].fd = signalfd(-1, &chld, SFD_CLOEXEC);
	hurry_output();

	pid = fork();
	if (!pid)
		start_command(args, slave, 0);
	close(slave);
	while (!ended) {
		poll(fds, 2, -1);
		if ((fds[0].revents & (POLLIN | POLLHUP)) && forward(master, 0) < 0)
			fds[0].fd = -1;		/* no one has it open any more */
		if (fds[1].revents) {
			if (read(fds[1].fd, &info, sizeof(info)) < 0)
				fail("signal");
			ended = reap(pid, &status, WNOHANG);
		}
	}
	/* What is still on its way; background processes may go on writing. */
	while (fds[0].fd >= 0 && forward(master, 100) > 0)
		;
	return status;
}

static int run_interactive(char **args)
{
	int terminal, status = 0;
	struct termios t;
	pid_t pid;

	terminal = open("/dev/ttyS0", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (terminal < 0)
		fail("terminal");
	if (!tcgetattr(terminal, &t)) {
		cfsetspeed(&t, B115200);
		tcsetattr(terminal, TCSANOW, &t);
	}
	pid = fork();
	if (!pid)
		start_command(args, terminal, 1);
	while (!reap(pid, &status, 0))
		;
	tcdrain(terminal);
	return status;
}

static void mount_all(void)
{
	static const char *const table[][3] = {
		{ "proc", "/proc", "" },
		{ "sysfs", "/sys", "" },
		{ "devtmpfs", "/dev", "" },
		{ "devpts", "/dev/pts", "mode=620,ptmxmode=666" },
		{ "tmpfs", "/dev/shm", "mode=1777" },
		{ "tmpfs", "/tmp", "mode=1777" },
		{ "tmpfs", "/run", "mode=755" },
		{ "debugfs", "/sys/kernel/debug", "" },
		{ "tracefs", "/sys/kernel/tracing", "" },
	};
	unsigned int i;

	chmod("/", 0755);
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		mkdir(table[i][1], 0755);
		mount(table[i][0], table[i][1], table[i][0], 0, table[i][2]);
	}
	if (symlink("/proc/self/fd", "/dev/fd") ||
	    symlink("/proc/self/fd/0", "/dev/stdin") ||
	    symlink("/proc/self/fd/1", "/dev/stdout") ||
	    symlink("/proc/self/fd/2", "/dev/stderr"))
		return;
}

int main(void)
{
	struct request request;
	char **args;
	int null;

	mount_all();
	/*
	 * A terminal held open would take interrupts: a restored machine's
	 * serial ports receive zeros all the time.
	 */
	null = open("/dev/null", O_RDWR);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	if (null > 2)
		close(null);
	setenv("PATH", "/keel:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("TERM", "dumb", 1);
	setenv("USER", "root", 1);
	sethostname("keel", 4);
	if (iopl(3))
		return 1;	/* the kernel panics */

	control("READY\n");
	wait_for_request(&request);
	args = read_args(&request);
	unpack(&request);
	klogctl(CONSOLE_LEVEL, NULL, 8);
	control("START\n");
	control("STATUS %d\n", request.interactive ? run_interactive(args) : run(args));
	end();
}
