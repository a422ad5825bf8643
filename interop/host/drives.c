/* drives.c: host directories as drives: C:=DIR[,ro]. */
#include "interop/host/drives.h"

#include <ctype.h>
#include <string.h>

#include "lib/fmt.h"

const struct drive *drives_find(const struct drives *drives, char letter)
{
	for (size_t i = 0; i < drives->count; i++)
		if (drives->at[i].letter == letter)
			return &drives->at[i];
	return NULL;
}

static char letter_of(const char *text)
{
	const char letter = (char)toupper((unsigned char)text[0]);

	return letter >= 'A' && letter <= 'Z' ? letter : '\0';
}

const char *drive_origin(const struct drive *drive)
{
	return drive->origin[0] ? drive->origin : drive->dir;
}

char drive_letter(const char *text)
{
	return letter_of(text) && strcmp(text + 1, ":") == 0 ? letter_of(text) : '\0';
}

int drive_parse(struct drives *drives, const char *text, struct fault *why)
{
	struct drive drive = { .letter = letter_of(text) };
	size_t len = strlen(text);

	if (!drive.letter || strncmp(text + 1, ":=", 2) != 0 || len < 4)
		return fault_set(
			why, HOST_FAILED,
			"unable to understand drive %s: give LETTER:=DIR or LETTER:=DIR,ro", text);
	if (drives_find(drives, drive.letter))
		return fault_set(why, HOST_FAILED, "drive %c: is given twice", drive.letter);
	if (len > 6 && strcmp(text + len - 3, ",ro") == 0) {
		drive.read_only = true;
		len -= 3;
	}
	if (len - 3 >= sizeof(drive.dir))
		return fault_set(why, HOST_FAILED, "the directory of drive %c: has too long a name",
				 drive.letter);
	memcpy(drive.dir, text + 3, len - 3);
	drives->at[drives->count++] = drive;
	return 0;
}

bool path_lies_in(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	if (len == 1) /* / */
		return true;
	return strncmp(path, dir, len) == 0 && (path[len] == '/' || !path[len]);
}

int drives_check(const struct drives *drives, const char *prefix, struct fault *why)
{
	const struct drive *drive = drives->at, *end = drive + drives->count;

	for (; drive < end; drive++) {
		if (!drive->read_only)
			continue;
		if (path_lies_in(drive->dir, prefix))
			return fault_set(why, HOST_FAILED,
					 "unable to keep %c: read-only: Wine writes in %s",
					 drive->letter, drive->dir);
		for (const struct drive *other = drives->at; other < end; other++)
			if (!other->read_only && path_lies_in(drive->dir, other->dir))
				return fault_set(
					why, HOST_FAILED,
					"unable to keep %c: read-only: it lies in %c:, which is not",
					drive->letter, other->letter);
	}
	return 0;
}

uint32_t drives_letters(const struct drives *drives)
{
	uint32_t letters = 0;

	for (size_t i = 0; i < drives->count; i++)
		letters |= (uint32_t)1 << (drives->at[i].letter - 'A');
	return letters;
}

uint32_t drives_read_only(const struct drives *drives)
{
	uint32_t letters = 0;

	for (size_t i = 0; i < drives->count; i++)
		if (drives->at[i].read_only)
			letters |= (uint32_t)1 << (drives->at[i].letter - 'A');
	return letters;
}

void drives_add(struct drives *drives, char letter, const char *dir)
{
	struct drive *drive = &drives->at[drives->count++];

	*drive = (struct drive){ .letter = letter };
	fmt(drive->dir, sizeof(drive->dir), "%s", dir);
}

void drives_drop(struct drives *drives, char letter)
{
	size_t i = 0;

	while (i < drives->count && drives->at[i].letter != letter)
		i++;
	if (i < drives->count)
		drives->at[i] = drives->at[--drives->count];
}
