/* bytes.h: bounds-checked reading and writing of little-endian byte strings.
 *
 * Pure: no system calls, no allocation. A cursor never moves outside its
 * memory; the first access that does not fit makes it `bad`, every later one
 * is refused too and reads as zero, so a decoder checks once, at its end.
 */
#ifndef LANDBRIDGE_LIB_BYTES_H
#define LANDBRIDGE_LIB_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A read cursor over memory that the caller owns and keeps. */
struct reader {
	const uint8_t *at;
	size_t left;
	bool bad;
};

/* A write cursor over `size` bytes that the caller owns. */
struct writer {
	uint8_t *base;
	size_t size;
	size_t used;
	bool bad;
};

void reader_init(struct reader *r, const void *data, size_t len);
uint8_t read_u8(struct reader *r);
uint16_t read_u16(struct reader *r);
uint32_t read_u32(struct reader *r);
uint64_t read_u64(struct reader *r);

/* The next `len` bytes in place (they live as long as the memory under the
 * cursor), or NULL and `bad` when fewer are left. */
const void *read_bytes(struct reader *r, size_t len);

void writer_init(struct writer *w, void *data, size_t size);
void write_u8(struct writer *w, uint8_t v);
void write_u16(struct writer *w, uint16_t v);
void write_u32(struct writer *w, uint32_t v);
void write_u64(struct writer *w, uint64_t v);
void write_bytes(struct writer *w, const void *data, size_t len);

/* Overwrites four bytes already written, at `offset`: for lengths that are
 * known only after what they count. */
void write_u32_at(struct writer *w, size_t offset, uint32_t v);

#endif
