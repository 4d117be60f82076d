/* SPDX-License-Identifier: Apache-2.0 */
/* The cheapest program there is: leaves at once, without a C library, so that a storm of executions is as fast as the kernel. */
void _start(void)
{
#if defined(__x86_64__)
	__asm__ volatile("syscall" : : "a"(231), "D"(0) : "rcx", "r11", "memory");
#elif defined(__aarch64__)
	register long status __asm__("x0") = 0;
	register long number __asm__("x8") = 94;

	__asm__ volatile("svc 0" : : "r"(status), "r"(number) : "memory");
#endif
	__builtin_unreachable();
}
