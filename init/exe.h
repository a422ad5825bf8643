/* exe.h: .exe files run as programs. */
#ifndef LANDBRIDGE_INIT_EXE_H
#define LANDBRIDGE_INIT_EXE_H

struct distro;

/* Makes the handler again, as /init at `program`, where it is not there, or where the
 * kernel would take another for .exe files. One that is switched off is somebody's wish.
 * 1: it was made; 0: it is as it should be; negative errno. */
int exe_restore(const char *program);

/* The same with the program of LANDBRIDGE_HANDLER. Nothing without it. */
void exe_restore_ours(void);

/* A distribution's step: registers /init with binfmt_misc. */
int step_binfmt(struct distro *d);

#endif
