/* exe.h: .exe files run as programs. */
#ifndef LANDBRIDGE_INIT_EXE_H
#define LANDBRIDGE_INIT_EXE_H

struct distro;

/* A distribution's step: registers /init with binfmt_misc. */
int step_binfmt(struct distro *d);

#endif
