/* test_ace.c: what one entry of an access list of Windows gives. */
#include "lib/ace.h"

#include "lib/lib.h"
#include "lib/test/cmocka_all.h"

static void test_rights(void **state)
{
	static const struct {
		uint32_t mask;
		bool read, write; /* whether it counts */
	} rows[] = {
		{ 0x00000000, false, false }, { 0x00000001, true, false }, /* read data */
		{ 0x00000002, true, true }, /* write data: who can replace a key need not read it */
		{ 0x00000004, true, true }, /* append data */
		{ 0x00120080, false, false }, /* read control, attributes, synchronize */
		{ 0x00040000, true, true },   /* write dac */
		{ 0x00080000, true, true },   /* write owner */
		{ 0x10000000, true, true },   /* generic all */
		{ 0x20000000, false, false }, /* generic execute */
		{ 0x40000000, true, true },   /* generic write */
		{ 0x80000000, true, false },  /* generic read */
		{ 0x001200a9, true, false },  /* icacls' RX */
		{ 0x001f01ff, true, true },   /* icacls' F */
	};

	(void)state;
	for (size_t i = 0; i < array_len(rows); i++) {
		assert_int_equal(ace_gives(0, 0, rows[i].mask, ACL_READ),
				 rows[i].read ? ACE_TO_ITS_SID : ACE_NOTHING);
		assert_int_equal(ace_gives(0, 0x10, rows[i].mask, ACL_WRITE),
				 rows[i].write ? ACE_TO_ITS_SID : ACE_NOTHING);
		assert_int_equal(ace_gives(0, 0x0b, rows[i].mask, ACL_READ), ACE_NOTHING);
	}
}

static void test_types(void **state)
{
	/* Denied, audit; object, callback and callback object of each. */
	static const uint8_t harmless[] = { 0x01, 0x06, 0x0a, 0x0c, 0x02, 0x07, 0x0d, 0x0f };

	(void)state;
	for (unsigned type = 1; type < 256; type++) {
		enum ace_gives expected = ACE_TO_SOMEONE; /* 0x05, 0x09, 0x0b let somebody in */

		for (size_t i = 0; i < array_len(harmless); i++)
			if (type == harmless[i])
				expected = ACE_NOTHING;
		assert_int_equal(ace_gives((uint8_t)type, 0, 0x001f01ff, ACL_READ), expected);
		assert_int_equal(ace_gives((uint8_t)type, 0x08, 0x001f01ff, ACL_READ), ACE_NOTHING);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rights),
					    cmocka_unit_test(test_types) };

	return cmocka_run_group_tests_name("ace", tests, NULL, NULL);
}
