/* SPDX-License-Identifier: MIT */

/*
 * Each test has a process of its own, in which Criterion starts libgit2, for differences between
 * texts that no assertion here asks for; and that reads all certificates of the machine: a fifth of
 * what most tests take. So libgit2 is told by these that it has been started.
 */

int git_libgit2_init(void);
int git_libgit2_shutdown(void);

int git_libgit2_init(void)
{
	return 1;
}

int git_libgit2_shutdown(void)
{
	return 0;
}
