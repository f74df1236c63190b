// SPDX-License-Identifier: GPL-2.0
/*
 * keelctl top: what guests do per second, as the difference of two looks at their
 * counters.  On a terminal the screen is drawn anew each time, and q ends it;
 * elsewhere the samples follow each other.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <sys/ioctl.h>

#include "ctl.h"
#include "guest.h"
#include "json.h"
#include "parse.h"
#include "stats.h"
#include "text.h"

/* Rows of exit reasons */
#define REASONS 12

const struct ctl_option top_options[] = {
	{ "interval", "SECONDS", "time between two samples; 2 if not given" },
	{ "count", "N", "end after N samples" },
	{ NULL }
};

/**
 * struct look - a look at the counters
 * @when: CLOCK_MONOTONIC in ns
 * @stats: the counters
 * @list: the guests
 */
struct look {
	__u64 when;
	struct stats stats;
	struct guests list;
};

/**
 * struct rate - what a guest has done between two looks, per second
 * @guest: as it is now
 * @stat: the same
 * @cpu: CPU time in percent of a CPU
 * @exits: exits to root
 * @returns: returns to Linux
 * @touches: first touches of memory
 */
struct rate {
	const struct guest *guest;
	const struct stat_guest *stat;
	double cpu;
	double exits;
	double returns;
	double touches;
};

static volatile sig_atomic_t stopped;

static void on_signal(int signal)
{
	stopped = 1;
}

static void drop(struct look *look)
{
	stats_free(&look->stats);
	free(look->list.guest);
	look->list.guest = NULL;
}

/* After a failure there is nothing to drop. */
static int take_look(struct look *look)
{
	struct timespec now;
	int status;

	memset(look, 0, sizeof(*look));
	status = guest_list(&look->list);
	if (status == CTL_OK)
		status = stats_get(NULL, &look->stats);
	if (status != CTL_OK)
		drop(look);
	clock_gettime(CLOCK_MONOTONIC, &now);
	look->when = now.tv_sec * 1000000000ULL + now.tv_nsec;
	return status;
}

static const struct stat_guest *find(const struct look *look, __u32 id)
{
	unsigned int i;

	for (i = 0; i < look->stats.nr; i++)
		if (look->stats.stat[i].id == id)
			return &look->stats.stat[i];
	return NULL;
}

/* Counters begin at 0 again when a guest is started again. */
static double grown(__u64 now, __u64 before)
{
	return now >= before ? now - before : now;
}

static void sums(const struct stat_guest *s, __u64 sum[4])
{
	unsigned int i;

	memset(sum, 0, 4 * sizeof(*sum));
	if (!s)
		return;
	for (i = 0; i < s->nr; i++) {
		sum[0] += s->vcpu[i].cpu_time;
		sum[1] += stats_total(&s->vcpu[i].exits);
		sum[2] += stats_total(&s->vcpu[i].returns);
	}
	sum[3] = s->read_touches + s->write_touches;
}

static void make_rate(struct rate *r, const struct look *before, const struct look *now)
{
	double seconds = (now->when - before->when) / 1e9;
	__u64 old[4], new[4];

	r->stat = find(now, r->guest->id);
	sums(find(before, r->guest->id), old);
	sums(r->stat, new);
	r->cpu = grown(new[0], old[0]) / 1e7 / seconds;
	r->exits = grown(new[1], old[1]) / seconds;
	r->returns = grown(new[2], old[2]) / seconds;
	r->touches = grown(new[3], old[3]) / seconds;
}

static int by_cpu(const void *a, const void *b)
{
	const struct rate *x = a, *y = b;

	if (x->cpu != y->cpu)
		return x->cpu < y->cpu ? 1 : -1;
	return x->guest->id < y->guest->id ? -1 : 1;
}

/* Exits of all guests by reason; @count becomes what has come since. */
static struct stat_counts reasons(const struct look *before, const struct look *now)
{
	struct stat_counts old = { 0 }, new = { 0 };
	unsigned int i, j;

	for (i = 0; i < before->stats.nr; i++)
		for (j = 0; j < before->stats.stat[i].nr; j++)
			stats_sum(&old, &before->stats.stat[i].vcpu[j].exits);
	for (i = 0; i < now->stats.nr; i++)
		for (j = 0; j < now->stats.stat[i].nr; j++)
			stats_sum(&new, &now->stats.stat[i].vcpu[j].exits);
	for (i = 0; i < new.nr; i++)
		for (j = 0; j < old.nr; j++)
			if (!strcmp(new.count[i].name, old.count[j].name))
				new.count[i].count = grown(new.count[i].count, old.count[j].count);
	free(old.count);
	stats_sort(&new);
	return new;
}

static void print_json(const struct rate *rates, unsigned int nr, const struct stat_counts *by,
		       double seconds)
{
	unsigned int i;

	json_open(NULL, '{');
	json_u64("interval", seconds * 1e9);
	json_open("guests", '[');
	for (i = 0; i < nr; i++) {
		json_open(NULL, '{');
		json_u64("id", rates[i].guest->id);
		json_str("name", rates[i].guest->name);
		json_str("state", guest_state(rates[i].guest->state));
		json_u64("cpu_ns", rates[i].cpu * 1e7);
		json_u64("exits", rates[i].exits);
		json_u64("returns", rates[i].returns);
		json_u64("touches", rates[i].touches);
		json_u64("mapped", rates[i].stat ? rates[i].stat->mapped : 0);
		json_u64("shared", rates[i].stat ? rates[i].stat->shared : 0);
		json_u64("zero", rates[i].stat ? rates[i].stat->zero : 0);
		json_close();
	}
	json_close();
	json_open("exits", '[');
	for (i = 0; i < by->nr; i++) {
		json_open(NULL, '{');
		json_str("name", by->count[i].name);
		json_u64("count", by->count[i].count / seconds);
		json_close();
	}
	json_close();
	json_close();
}

static const char *const titles[] = {
	"ID", "NAME", "STATE", "CPU%", "EXITS/s", "RETURNS/s", "TOUCHES/s", "MAPPED", "SHARED",
	"ZERO", "MEMORY"
};

static void print_text(const struct rate *rates, unsigned int nr, const struct stat_counts *by,
		       double seconds, unsigned int rows)
{
	unsigned int i, running = 0, last = by->nr < REASONS ? by->nr : REASONS;

	for (i = 0; i < nr; i++)
		running += rates[i].guest->state == KEEL_VM_STATE_RUNNING;
	printf("%u guest%s, %u running\n\n", nr, nr == 1 ? "" : "s", running);
	text_table("rllrrrrrrrr");
	for (i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		text_cell("%s", titles[i]);
	for (i = 0; i < nr; i++) {
		text_cell("%u", rates[i].guest->id);
		text_cell("%s", text_quote(rates[i].guest->name));
		text_cell("%s", guest_state(rates[i].guest->state));
		text_cell("%.1f", rates[i].cpu);
		text_cell("%.0f", rates[i].exits);
		text_cell("%.0f", rates[i].returns);
		text_cell("%.0f", rates[i].touches);
		text_cell("%s", text_size(rates[i].stat ? rates[i].stat->mapped : 0));
		text_cell("%s", text_size(rates[i].stat ? rates[i].stat->shared : 0));
		text_cell("%s", text_size(rates[i].stat ? rates[i].stat->zero : 0));
		text_cell("%s", text_size(rates[i].guest->memory));
	}
	/* two lines of heading, and one of the table */
	text_table_end(rows > 3 ? rows - 2 : 1);
	if (nr + 5 >= rows)
		return;
	if (last)
		puts("");
	for (i = 0; i < last && nr + 5 + i < rows; i++)
		printf("%14.0f/s  %s\n", by->count[i].count / seconds, by->count[i].name);
}

static void print(const struct look *before, const struct look *now, unsigned int rows)
{
	struct rate *rates = calloc(now->list.nr + 1, sizeof(*rates));
	double seconds = (now->when - before->when) / 1e9;
	struct stat_counts by = reasons(before, now);
	unsigned int i;

	if (!rates)
		abort();
	for (i = 0; i < now->list.nr; i++) {
		rates[i].guest = &now->list.guest[i];
		make_rate(&rates[i], before, now);
	}
	qsort(rates, now->list.nr, sizeof(*rates), by_cpu);
	if (ctl_options.json)
		print_json(rates, now->list.nr, &by, seconds);
	else
		print_text(rates, now->list.nr, &by, seconds, rows);
	free(by.count);
	free(rates);
}

/* Until the time is over, or q is pressed: false then. */
static bool pause_for(__u32 ms, bool live)
{
	struct pollfd key = { .fd = STDIN_FILENO, .events = POLLIN };
	struct timespec now;
	__s64 end, left;
	char c;

	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec * 1000LL + now.tv_nsec / 1000000 + ms;
	for (left = ms; left > 0 && !stopped; ) {
		if (poll(&key, live, left) > 0 &&
		    (read(STDIN_FILENO, &c, 1) != 1 || c == 'q' || c == 'Q'))
			return false;
		clock_gettime(CLOCK_MONOTONIC, &now);
		left = end - (now.tv_sec * 1000LL + now.tv_nsec / 1000000);
	}
	return !stopped;
}

static int samples(__u32 ms, __u32 count, bool live)
{
	struct look looks[2];
	struct winsize size;
	unsigned int i;
	int status = take_look(&looks[0]);

	for (i = 0; status == CTL_OK && (!count || i < count); i++) {
		if (!pause_for(ms, live) || ferror(stdout))
			break;
		status = take_look(&looks[1]);
		if (status != CTL_OK)
			break;
		if (live)
			fputs("\033[H\033[J", stdout);
		else if (i && !ctl_options.json)
			puts("");
		if (!live || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row)
			size.ws_row = 0xffff;
		print(&looks[0], &looks[1], size.ws_row);
		fflush(stdout);
		drop(&looks[0]);
		looks[0] = looks[1];
	}
	drop(&looks[0]);
	return status;
}

/**
 * cmd_top() - keelctl top [--interval SECONDS] [--count N]
 * @argc: how many words
 * @argv: the words, of which there can be none
 *
 * Return: the exit status.
 */
int cmd_top(int argc, char **argv)
{
	bool live = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !ctl_options.json;
	struct sigaction action = { .sa_handler = on_signal };
	struct termios old, raw;
	__u32 ms = 2000, count = 0;
	int status;

	if ((ctl_opt("interval") && !parse_seconds("--interval", ctl_opt("interval"), &ms)) ||
	    (ctl_opt("count") && !parse_u32("--count", ctl_opt("count"), &count)))
		return CTL_USAGE;
	if (ms < 10) {
		ctl_warn("--interval: at least 0.01 seconds");
		return CTL_USAGE;
	}
	if (ctl_opt("count") && !count) {
		ctl_warn("--count: at least 1");
		return CTL_USAGE;
	}
	status = ctl_connect();
	if (status != CTL_OK)
		return status;
	if (!live || tcgetattr(STDIN_FILENO, &old))
		return samples(ms, count, false);
	raw = old;
	raw.c_lflag &= ~(ICANON | ECHO);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	fputs("\033[?25l", stdout);
	status = samples(ms, count, true);
	fputs("\033[?25h", stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &old);
	return status;
}
