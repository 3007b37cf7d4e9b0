# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2154 # what scripts/bench sets
#
# Frees on another CPU than the allocation's, and kmalloc() in the same run.
#
# help: remote         time of a free on another CPU than the allocation's, and of packets on
# help:                their way from CPUs that allocate to CPUs that free, and kmalloc() in
# help:                the same runs: a ratio, since the time is that of translated code
# report 20: Freeing on another CPU

quick_remote()
{
	echo "of packets on their way: fewer and shorter rounds"
}

# A clock that counts instructions knows one CPU only.
bench_remote()
{
	local rounds='packets=20000 rounds=41'

	no_more "$@"
	[ -z "$quick" ] || rounds='packets=10000 rounds=9'
	use_kernel "${kinds[0]}"
	printf '%s\n' 'remote dualtree_bench.ko results run=remote' \
		"pipe dualtree_bench.ko results run=pipe $rounds" >"$log_dir/plan"
	run_guest "$log_dir" dualtree_bench --cpus 4
	show_conditions "$(timed_by "$log_dir"), 4 CPUs on $(nproc) of the host's"
	dualtree_report remote "$out" "$log_dir/report.txt" \
		--where "$(timed_by "$log_dir"), $(kernel_version), 4 CPUs"
}
