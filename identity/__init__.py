"""Who is at the keyboard: users, roles, SPID and CIE, staff login with a second factor, and the register of logins."""
