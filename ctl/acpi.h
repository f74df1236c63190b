/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KEEL_CTL_ACPI_H
#define KEEL_CTL_ACPI_H

#include "image.h"

struct aml;

/* acpi.c */
bool acpi_add(struct image *image, char say[IMAGE_SAY]);

/* dsdt.c */
void dsdt_write(struct aml *aml);

#endif /* KEEL_CTL_ACPI_H */
