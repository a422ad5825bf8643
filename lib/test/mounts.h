/* mounts.h: tests that mount. */
#ifndef LANDBRIDGE_LIB_TEST_MOUNTS_H
#define LANDBRIDGE_LIB_TEST_MOUNTS_H

/* Runs it in a child that has mounts of its own, and an empty file system on `dir`
 * (NULL: none), and asserts that it returns 0. Skips the test for who may not mount. */
void mounts_apart(const char *dir, int (*run)(void));

#endif
