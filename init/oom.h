/* oom.h: who goes first when there is no more memory: proc_pid_oom_score_adj(5). */
#ifndef LANDBRIDGE_INIT_OOM_H
#define LANDBRIDGE_INIT_OOM_H

#define OOM_SCORE_ADJ "/proc/self/oom_score_adj"

/* Our daemons, without which there is no guest, last; what they start for
 * somebody, as anything else. */
#define OOM_OURS "-900\n"
#define OOM_USERS "0\n"

#endif
