/* posix_btime.h: the time a file was made; left alone where that is not known. */
#ifndef LANDBRIDGE_P9D_POSIX_BTIME_H
#define LANDBRIDGE_P9D_POSIX_BTIME_H

#include "p9d/wire/wire.h"

void fs_birth_time(int fd, struct p9_time *btime);

#endif
