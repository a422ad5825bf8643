/* acl.c: who else has what right to a file. */
#include "lib/win32/acl.h"

#include <stdint.h>

#include <windows.h>

#include <aclapi.h>
#include <sddl.h>

/* Who may read everything here anyway. */
static bool is_master(PSID who)
{
	return IsWellKnownSid(who, WinLocalSystemSid) ||
	       IsWellKnownSid(who, WinBuiltinAdministratorsSid);
}

struct us {
	TOKEN_USER user;
	BYTE sid[SECURITY_MAX_SID_SIZE];
};

static bool us_find(struct us *us)
{
	HANDLE token;
	DWORD size;
	bool found;

	if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
		return false;
	found = GetTokenInformation(token, TokenUser, us, sizeof(*us), &size);
	CloseHandle(token);
	return found;
}

static bool is_us(PSID who)
{
	struct us us;

	return us_find(&us) && EqualSid(who, us.user.User.Sid);
}

static bool lets_others(const ACCESS_ALLOWED_ACE *ace, enum acl_right right)
{
	PSID who = (PSID)(uintptr_t)&ace->SidStart;

	switch (ace_gives(ace->Header.AceType, ace->Header.AceFlags, ace->Mask, right)) {
	case ACE_NOTHING:
		return false;
	case ACE_TO_ITS_SID:
		return !is_master(who) && !is_us(who);
	default:
		return true;
	}
}

bool acl_is_ours(void *file, enum acl_right right)
{
	PSECURITY_DESCRIPTOR descriptor;
	PSID owner;
	ACL *acl;
	void *ace;
	bool ours;

	if (GetSecurityInfo(file, SE_FILE_OBJECT,
			    OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &owner, NULL,
			    &acl, NULL, &descriptor) != ERROR_SUCCESS)
		return false;
	ours = acl && owner && (is_us(owner) || is_master(owner));
	for (DWORD i = 0; ours && i < acl->AceCount; i++)
		ours = GetAce(acl, i, &ace) && !lets_others(ace, right);
	LocalFree(descriptor);
	return ours;
}

void *acl_ours(void)
{
	PSECURITY_DESCRIPTOR made = NULL;
	WCHAR text[256], *sid;
	struct us us;

	if (!us_find(&us) || !ConvertSidToStringSidW(us.user.User.Sid, &sid))
		return NULL;
	wsprintfW(text, L"D:P(A;;FA;;;%ls)", sid);
	LocalFree(sid);
	return ConvertStringSecurityDescriptorToSecurityDescriptorW(text, SDDL_REVISION_1, &made,
								    NULL)
		       ? made
		       : NULL;
}
