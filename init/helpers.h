/* helpers.h: the programs of ours that a distribution has for the run. */
#ifndef LANDBRIDGE_INIT_HELPERS_H
#define LANDBRIDGE_INIT_HELPERS_H

struct distro;

/* A distribution's step. */
int step_helpers(struct distro *d);

/* The links in LANDBRIDGE_BIN, those that are missing. 0 or negative errno. */
int helpers_link(const struct distro *d);

#endif
