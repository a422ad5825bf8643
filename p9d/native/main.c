/* main.c: p9d as a program of its own, for tests and for use without /init. */
#include "p9d/p9d.h"

int main(int argc, char **argv)
{
	return p9d_main(argc, argv);
}
