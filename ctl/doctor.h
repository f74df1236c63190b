/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The requirements that keelctl doctor looks at, as rows of a report.
 */
#ifndef KEEL_CTL_DOCTOR_H
#define KEEL_CTL_DOCTOR_H

#include <stdbool.h>

enum doctor_met { DOCTOR_NO, DOCTOR_YES, DOCTOR_UNKNOWN };

/**
 * struct doctor_row - a requirement
 * @id: its name in JSON, which stays as it is from version to version
 * @group: "cpu", "kernel", or "optional": of use, but Keel can be loaded without
 * @text: its name for people
 * @met: is it met?
 * @blocked: unknown only because there is no VT-x to look at
 * @note: what was found; may be NULL
 * @remedy: what to do; NULL where nothing has to be done
 */
struct doctor_row {
	const char *id;
	const char *group;
	const char *text;
	enum doctor_met met;
	bool blocked;
	char note[160];
	const char *remedy;
};

#define DOCTOR_ROWS 64

/**
 * struct doctor_report - all rows
 * @loaded: Keel is loaded, and has hidden VT-x from everybody
 * @cpus: CPUs that are online
 * @nr: number of rows
 * @row: the rows
 */
struct doctor_report {
	bool loaded;
	unsigned int cpus;
	unsigned int nr;
	struct doctor_row row[DOCTOR_ROWS];
};

struct doctor_row *doctor_row(struct doctor_report *report, const char *group,
			      const char *id, const char *text);
void doctor_cpu(struct doctor_report *report);
void doctor_kernel(struct doctor_report *report);

#endif /* KEEL_CTL_DOCTOR_H */
