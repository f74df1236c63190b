// SPDX-License-Identifier: GPL-2.0
/*
 * keelctl doctor: what Keel asks of the kernel, and what is of use but not asked.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"
#include "kernel.h"
#include "sys.h"

static void check_modules(struct doctor_report *report)
{
	struct doctor_row *row = doctor_row(report, "kernel", "modules",
					    "modules can be loaded");
	char *disabled;

	if (report->loaded)
		return;
	disabled = sys_read("/proc/sys/kernel/modules_disabled");
	if (!disabled) {
		row->met = errno == ENOENT ? DOCTOR_NO : DOCTOR_UNKNOWN;
		row->remedy = "boot a kernel with CONFIG_MODULES";
	} else if (strcmp(disabled, "0")) {
		row->met = DOCTOR_NO;
		snprintf(row->note, sizeof(row->note), "kernel.modules_disabled is %.20s",
			 disabled);
		row->remedy = "reboot, and load Keel before this is set, or do not set it";
	}
	free(disabled);
}

/* "none [integrity] confidentiality": the word in brackets, or NULL */
static char *chosen(char *text)
{
	char *at = text ? strchr(text, '[') : NULL;

	if (!at)
		return NULL;
	at++;
	at[strcspn(at, "]")] = 0;
	return at;
}

static void check_signature(struct doctor_report *report)
{
	static const char remedy[] =
		"have the key trusted that DKMS signs with: mokutil --import /var/lib/dkms/mok.pub";
	struct doctor_row *row = doctor_row(report, "kernel", "signature",
					    "modules need no signature");
	char *text, *lockdown, where[200];

	if (report->loaded)
		return;
	text = sys_read("/sys/kernel/security/lockdown");
	lockdown = chosen(text);
	if (kernel_is("/sys/module/module/parameters/sig_enforce", "Y")) {
		row->met = DOCTOR_UNKNOWN;
		snprintf(row->note, sizeof(row->note), "they have to be signed");
		row->remedy = remedy;
	} else if (lockdown && strcmp(lockdown, "none")) {
		row->met = DOCTOR_UNKNOWN;
		snprintf(row->note, sizeof(row->note),
			 "they have to be signed: lockdown is %.20s", lockdown);
		row->remedy = remedy;
	} else if (!lockdown && !kernel_mounted("securityfs", where, sizeof(where)) &&
		   sys_count("/sys/kernel/security")) {
		row->met = DOCTOR_UNKNOWN;
		snprintf(row->note, sizeof(row->note),
			 "mount -t securityfs none /sys/kernel/security");
	}
	free(text);
}

static void check_headers(struct doctor_report *report)
{
	struct doctor_row *row = doctor_row(report, "optional", "headers",
					    "headers of the running kernel, to build Keel here");
	static char remedy[160];
	char path[160];

	snprintf(path, sizeof(path), "/lib/modules/%s/build/Makefile", sys_release());
	if (sys_count(path))
		return;
	row->met = DOCTOR_NO;
	snprintf(remedy, sizeof(remedy), "apt install linux-headers-%s", sys_release());
	row->remedy = remedy;
}

static void check_debugfs(struct doctor_report *report)
{
	struct doctor_row *row = doctor_row(report, "optional", "debugfs",
					    "debugfs, for keelctl status");
	char where[160];

	if (kernel_mounted("debugfs", where, sizeof(where))) {
		snprintf(row->note, sizeof(row->note), "%.150s", where);
		return;
	}
	row->met = DOCTOR_NO;
	row->remedy = "mount -t debugfs none /sys/kernel/debug";
}

/**
 * doctor_kernel() - what Keel asks of the kernel
 * @report: rows are added
 */
void doctor_kernel(struct doctor_report *report)
{
	check_modules(report);
	check_signature(report);
	check_headers(report);
	check_debugfs(report);
}
