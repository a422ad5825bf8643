/* users.c: whose rights in the guest its Windows programs have. */
#include "interop/host/users.h"

bool users_add(struct users *users, uint32_t uid)
{
	if (users->several || uid == 0 || uid == users->user)
		return false;
	users->several = users->user != 0 || uid == UINT32_MAX;
	if (!users->several)
		users->user = uid;
	return true;
}
