/* A file of its own: fuzz targets build it without sanitizers, in which it were half of their time.
 */
#include "boot/acpi_sum.h"

uint8_t acpi_sum(const uint8_t *bytes, size_t count)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum = (uint8_t)(sum + bytes[i]);
	return sum;
}
