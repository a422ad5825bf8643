/* commands.h: landbridge's commands on a Linux host. Each returns an exit status. */
#ifndef LANDBRIDGE_INTEROP_HOST_POSIX_COMMANDS_H
#define LANDBRIDGE_INTEROP_HOST_POSIX_COMMANDS_H

#include "interop/host/options.h"

/* A machine and one session in it. */
int run_main(const struct options *options);
/* Machines that outlive the command. */
int start_main(const struct options *options);
int list_main(const struct options *options);
int stop_main(const struct options *options);
int log_main(const struct options *options);
/* Systems that are kept by their names. */
int import_main(const struct options *options);
int export_main(const struct options *options);
int remove_main(const struct options *options);
int set_main(const struct options *options);
int set_default_main(const struct options *options);
int compact_main(const struct options *options);
/* One more session in a machine. */
int exec_main(const struct options *options);
int shell_main(const struct options *options);
/* Ports of this host that lead to the guest. */
int forward_main(const struct options *options);
/* Drives of a machine that runs. */
int drive_main(const struct options *options);
/* A machine's files as a folder. */
int mount_main(const struct options *options);
/* Files between this host and machines. */
int cp_main(const struct options *options);
/* What works, and what to do. */
int doctor_main(const struct options *options);
/* Serves a guest that somebody else boots. */
int agent_main(const struct options *options);
/* What such a one boots. */
int initramfs_main(const struct options *options);
/* Keys for one that calls over the network. */
int enroll_main(const struct options *options);

#endif
