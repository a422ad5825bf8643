/* fmt.c: printf's useful part without stdio. */
#include "lib/fmt.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

struct out {
	char *buf;
	size_t size;
	size_t len; /* of the whole text, cut or not */
};

/* One conversion: %[-][0][width][.precision][length]letter */
struct spec {
	bool left, zero;
	int width;
	int precision; /* -1: none */
	int length;    /* 0 int, 1 long, 2 long long, 3 size_t */
	char letter;
};

static void out_char(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void out_repeat(struct out *o, char c, int count)
{
	while (count-- > 0)
		out_char(o, c);
}

static void out_field(struct out *o, const struct spec *s, const char *text, size_t len)
{
	int pad = (size_t)s->width > len ? s->width - (int)len : 0;

	if (!s->left)
		out_repeat(o, ' ', pad);
	for (size_t i = 0; i < len; i++)
		out_char(o, text[i]);
	if (s->left)
		out_repeat(o, ' ', pad);
}

static void out_number(struct out *o, const struct spec *s, uint64_t v, bool negative)
{
	char digits[24];
	char *at = digits + sizeof(digits);
	unsigned base = s->letter == 'x' || s->letter == 'p' ? 16 : s->letter == 'o' ? 8 : 10;
	int zeros = s->zero && !s->left ? s->width - negative : 0;

	do
		*--at = "0123456789abcdef"[v % base];
	while ((v /= base) != 0);
	while (digits + sizeof(digits) - at < zeros && at > digits + 1)
		*--at = '0';
	if (negative)
		*--at = '-';
	out_field(o, s, at, (size_t)(digits + sizeof(digits) - at));
}

static const char *spec_parse(struct spec *s, const char *at, va_list *args)
{
	*s = (struct spec){ .precision = -1 };
	for (; *at == '-' || *at == '0'; at++)
		*(*at == '-' ? &s->left : &s->zero) = true;
	for (; *at >= '0' && *at <= '9'; at++)
		s->width = s->width * 10 + (*at - '0');
	if (*at == '.') {
		s->precision = 0;
		if (*++at == '*') {
			s->precision = va_arg(*args, int);
			at++;
		}
		for (; *at >= '0' && *at <= '9'; at++)
			s->precision = s->precision * 10 + (*at - '0');
	}
	for (; *at == 'l' || *at == 'z' || *at == 'h'; at++)
		s->length = *at == 'z' ? 3 : *at == 'l' ? s->length + 1 : 0;
	s->letter = *at;
	return *at ? at + 1 : at;
}

static void out_signed(struct out *o, const struct spec *s, va_list *args)
{
	long long v = s->length == 0   ? va_arg(*args, int)
		      : s->length == 1 ? va_arg(*args, long)
		      : s->length == 2 ? va_arg(*args, long long)
				       : (long long)va_arg(*args, ssize_t);

	out_number(o, s, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, v < 0);
}

static void out_unsigned(struct out *o, const struct spec *s, va_list *args)
{
	out_number(o, s,
		   s->length == 0   ? va_arg(*args, unsigned)
		   : s->length == 1 ? va_arg(*args, unsigned long)
		   : s->length == 2 ? va_arg(*args, unsigned long long)
				    : va_arg(*args, size_t),
		   false);
}

static void out_spec(struct out *o, const struct spec *s, va_list *args)
{
	const char *text;

	switch (s->letter) {
	case 's':
		text = va_arg(*args, const char *);
		if (!text)
			text = "(null)";
		out_field(o, s, text,
			  s->precision < 0 ? strlen(text) : strnlen(text, (size_t)s->precision));
		return;
	case 'c':
		out_field(o, s, (char[]){ (char)va_arg(*args, int) }, 1);
		return;
	case 'd':
	case 'i':
		out_signed(o, s, args);
		return;
	case 'u':
	case 'x':
	case 'o':
		out_unsigned(o, s, args);
		return;
	case 'p':
		out_number(o, s, (uintptr_t)va_arg(*args, void *), false);
		return;
	default:
		out_char(o, s->letter); /* %% */
	}
}

size_t fmt_va(char *buf, size_t size, const char *format, va_list args)
{
	struct out o = { .buf = buf, .size = size };
	struct spec s;
	va_list ap;

	va_copy(ap, args);
	while (*format) {
		if (*format != '%') {
			out_char(&o, *format++);
			continue;
		}
		format = spec_parse(&s, format + 1, &ap);
		if (s.letter)
			out_spec(&o, &s, &ap);
	}
	va_end(ap);
	if (size > 0)
		buf[o.len < size ? o.len : size - 1] = '\0';
	return o.len;
}

size_t fmt(char *buf, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	size_t len = fmt_va(buf, size, format, args);
	va_end(args);
	return len;
}
