/* home.h: where Landbridge's files are on Windows: %LANDBRIDGE_HOME%, else
 * %LOCALAPPDATA%\landbridge; and the policy, HOME\policy or %LANDBRIDGE_POLICY%.
 */
#ifndef LANDBRIDGE_INTEROP_HOST_WIN32_HOME_H
#define LANDBRIDGE_INTEROP_HOST_WIN32_HOME_H

#include "interop/host/host.h"
#include "interop/host/rules.h"

#include <windows.h>

/* It is made where it is not there. 0, or -1 and *why. */
int home_find(WCHAR home[MAX_PATH], struct fault *why);

/* The policy, for as long as the process lives; without one rules_init's holds. Fails, so
 * that nothing is started, where a line is wrong and where others may write to the
 * file. */
int home_rules(struct rules *rules, const WCHAR *home, struct fault *why);

#endif
