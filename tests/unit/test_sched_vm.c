/* sources: kernel/sched/queue.c kernel/sched/turns.c kernel/sched/fair.c */
/* sources: kernel/sched/reserve.c kernel/sched/limit.c kernel/sched/group.c kernel/sched/runq.c */
/* sources: kernel/sched/sched.c kernel/sched/settings.c kernel/sched/event.c */
/* sources: kernel/sched/service.c kernel/sched/lend.c */
/* sources: kernel/sched/invariants.c kernel/sched/invariants_watch.c */
/* sources: kernel/sched/turns_check.c kernel/sched/invariants_queue.c */
/* sources: kernel/sched/invariants_groups.c */
/* sources: kernel/lib/lock.c */
/* sources: kernel/replay/sched_sim.c tests/unit/shim/sched_space.c */
/* sources: tests/unit/shim/panic.c */
/* What a VM reserves, and what of that is whose. */
#include "tests/unit/shim/sched_test.h"

static void start_vm(unsigned cpus, unsigned vcpus, unsigned others)
{
	start(cpus, vcpus + others);
	group_init(&sim_groups[0], NULL);
	sim_groups[0].costart = true;
	for (unsigned i = 0; i < vcpus; i++)
		sim_task_prepare(i, &sim_groups[0]);
	start_all(vcpus + others);
	run_checked(20 * MS, MS);
}

static void a_vms_reservation_is_its_vcpus(void **state)
{
	uint64_t before;

	start_vm(2, 2, 10);
	assert_int_equal(sched_reserve_vm(&sim_sched, &sim_groups[0], 1000000, &shortage), VMK_OK);
	assert_int_equal(sim_groups[0].promised, 1000000);
	run_checked(50 * MS, MS / 4);
	before = sim_received(0);
	run_checked(1000 * MS, MS);
	assert_true(sim_received(0) - before >= 490 * MS);
	assert_int_equal(sched_reserve_vm(&sim_sched, &sim_groups[0], 300000, &shortage), VMK_OK);
	assert_int_equal(sim_tasks[1].task.entity.reservation, 150000);
	run_checked(50 * MS, MS / 4);
	assert_int_equal(sched_reserve_vm(&sim_sched, &sim_groups[0], 0, &shortage), VMK_OK);
	assert_int_equal(sim_sched.promised, 0);
	run_checked(50 * MS, MS / 4);
	/* One that is not on yet, or ends, has no vCPUs. */
	group_leave(&sim_tasks[0].task);
	group_leave(&sim_tasks[1].task);
	assert_int_equal(sched_reserve_vm(&sim_sched, &sim_groups[0], 300000, &shortage), VMK_OK);
	assert_int_equal(sim_groups[0].promised, 0);
	sim_check();
}

/* Set while the VM is being powered on: who joins later gets its part of the new reservation. */
static void a_vm_is_set_before_all_vcpus_have_joined(void **state)
{
	start(2, 4);
	group_init(&sim_groups[0], NULL);
	sim_groups[0].costart = true;
	sim_groups[0].parts = 4;
	sim_groups[0].least = 200000;
	for (unsigned i = 0; i < 4; i++) {
		sim_task_prepare(i, &sim_groups[0]);
		if (i == 2)
			assert_int_equal(
				sched_reserve_vm(&sim_sched, &sim_groups[0], 400000, &shortage),
				VMK_OK);
		assert_int_equal(
			sched_reserve_part(&sim_sched, &sim_tasks[i].task, &shortage), VMK_OK);
	}
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(sim_tasks[i].task.entity.reservation, 100000);
	assert_int_equal(sim_groups[0].promised, 400000);
	/* What it needs to be latency-sensitive stays its own. */
	assert_int_equal(
		sched_reserve_vm(&sim_sched, &sim_groups[0], 199999, &shortage), VMK_BAD_PARAM);
	assert_int_equal(sim_groups[0].entity.reservation, 400000);
	start_all(4);
	run_checked(50 * MS, MS);
}

/* All or nothing, whether the machine has not as much, or no pCPU has room for one of the parts. */
static void a_vm_that_is_refused_keeps_what_it_has(void **state)
{
	start_vm(3, 2, 2);
	for (unsigned i = 2; i < 4; i++)
		assert_int_equal(
			sched_reserve(&sim_sched, &sim_tasks[i].task, 900000, &shortage), VMK_OK);
	assert_int_equal(sched_reserve_vm(&sim_sched, &sim_groups[0], 100000, &shortage), VMK_OK);
	assert_int_equal(
		sched_reserve_vm(&sim_sched, &sim_groups[0], 1060000, &shortage), VMK_NO_RESOURCES);
	assert_int_equal(shortage.needed, 960000);
	assert_int_equal(shortage.available, 950000);
	assert_int_equal(
		sched_reserve_vm(&sim_sched, &sim_groups[0], 1000000, &shortage), VMK_NO_RESOURCES);
	assert_int_equal(shortage.needed, 500000);
	assert_true(shortage.available < 500000 && !shortage.group);
	assert_int_equal(sim_groups[0].entity.reservation, 100000);
	assert_int_equal(sim_groups[0].promised, 100000);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(sim_tasks[i].task.entity.reservation, 50000);
	run_checked(50 * MS, MS / 4);
	assert_int_equal(sched_set_limit(&sim_sched, &sim_groups[0].entity, 200000), VMK_OK);
	assert_int_equal(
		sched_reserve_vm(&sim_sched, &sim_groups[0], 300000, &shortage), VMK_BAD_PARAM);
	assert_int_equal(sim_groups[0].promised, 100000);
	sim_check();
}

/* Each vCPU has its own limit, within the VM's, from the moment that it joins or that it is set. */
static void each_vcpu_of_a_vm_is_limited(void **state)
{
	struct group *vm = &sim_groups[0];
	uint64_t before[3];

	start(4, 5);
	group_init(vm, NULL);
	vm->costart = true;
	vm->parts = 3;
	assert_int_equal(sched_limit_members(&sim_sched, vm, 250000), VMK_OK);
	for (unsigned i = 0; i < 3; i++) {
		sim_task_prepare(i, vm);
		assert_int_equal(
			sched_reserve_part(&sim_sched, &sim_tasks[i].task, &shortage), VMK_OK);
	}
	start_all(5);
	run_checked(100 * MS, MS);
	for (unsigned i = 0; i < 3; i++)
		before[i] = sim_received(i);
	run_checked(1000 * MS, MS);
	for (unsigned i = 0; i < 3; i++)
		assert_in_range(sim_received(i) - before[i], 240 * MS, 256 * MS);
	/* Set while they run; and the VM's limit is theirs together. */
	assert_int_equal(sched_limit_members(&sim_sched, vm, 500000), VMK_OK);
	run_checked(100 * MS, MS);
	before[0] = sim_received(0);
	run_checked(1000 * MS, MS);
	assert_in_range(sim_received(0) - before[0], 485 * MS, 510 * MS);
	assert_int_equal(sched_set_limit(&sim_sched, &vm->entity, 600000), VMK_OK);
	run_checked(100 * MS, MS);
	for (unsigned i = 0; i < 3; i++)
		before[i] = sim_received(i);
	run_checked(1000 * MS, MS);
	assert_in_range(sim_received(0) + sim_received(1) + sim_received(2) - before[0] -
				before[1] - before[2],
		580 * MS, 610 * MS);
	assert_int_equal(sched_set_limit(&sim_sched, &vm->entity, 0), VMK_OK);
	assert_int_equal(sched_limit_members(&sim_sched, vm, 0), VMK_OK);
	run_checked(100 * MS, MS);
	before[0] = sim_received(0);
	run_checked(1000 * MS, MS);
	assert_true(sim_received(0) - before[0] > 600 * MS);
}

/* Neither the limit goes below what a vCPU reserves, nor that above the limit. */
static void a_vcpus_limit_is_not_below_what_it_reserves(void **state)
{
	struct group *vm = &sim_groups[0];

	start_vm(2, 2, 2);
	assert_int_equal(sched_reserve_vm(&sim_sched, vm, 600000, &shortage), VMK_OK);
	assert_int_equal(sched_limit_members(&sim_sched, vm, 299999), VMK_BAD_PARAM);
	assert_int_equal(vm->member_limit | sim_tasks[0].task.entity.limit.rate, 0);
	assert_int_equal(sched_limit_members(&sim_sched, vm, 300000), VMK_OK);
	assert_int_equal(sim_tasks[1].task.entity.limit.rate, 300000);
	assert_int_equal(sched_reserve_vm(&sim_sched, vm, 600002, &shortage), VMK_BAD_PARAM);
	assert_int_equal(vm->entity.reservation, 600000);
	assert_int_equal(sim_tasks[0].task.entity.reservation, 300000);
	run_checked(200 * MS, MS);
	/* The parts that are kept for those that have not joined yet count, too. */
	vm->parts = 2;
	group_leave(&sim_tasks[0].task);
	group_leave(&sim_tasks[1].task);
	assert_int_equal(sched_limit_members(&sim_sched, vm, 299999), VMK_BAD_PARAM);
	assert_int_equal(sched_reserve_vm(&sim_sched, vm, 600002, &shortage), VMK_BAD_PARAM);
	assert_int_equal(vm->entity.reservation, 600000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_vms_reservation_is_its_vcpus),
		cmocka_unit_test(a_vm_is_set_before_all_vcpus_have_joined),
		cmocka_unit_test(a_vm_that_is_refused_keeps_what_it_has),
		cmocka_unit_test(each_vcpu_of_a_vm_is_limited),
		cmocka_unit_test(a_vcpus_limit_is_not_below_what_it_reserves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
