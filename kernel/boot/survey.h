/* Completing boot_info once the kernel has moved: tboot's hand-off, ACPI; and logging it. */
#ifndef BOOT_SURVEY_H
#define BOOT_SURVEY_H

/* While physical memory below 4 GiB is still mapped at its own addresses. */
void survey_platform(void);

#endif
