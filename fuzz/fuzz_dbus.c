/* fuzz_dbus.c: what a bus answers. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "init/dbus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dbus_message m;
	int rest;

	if (size < DBUS_HEAD)
		return 0;
	rest = dbus_rest(data);
	if (rest < 0 || (size_t)rest + DBUS_HEAD > size ||
	    dbus_parse(data, DBUS_HEAD + (size_t)rest, &m) < 0)
		return 0;
	for (int i = 0; i < DBUS_STRINGS; i++)
		if (strlen(m.strings[i]) > DBUS_MAX)
			abort();
	return 0;
}
