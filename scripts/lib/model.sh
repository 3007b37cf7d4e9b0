# SPDX-License-Identifier: GPL-2.0
#
# The protocol's models: spin searches all of their states, and each mutation that a model has is
# to be found; the table of model.rst names what the models and the code have. And its litmus tests,
# where herd7 is on the PATH. To be sourced after common.sh, apt.sh and kernel.sh.
#
# Promises: everything is built in a directory of its own, which is gone afterwards.

MODELS=$PROJECT/Documentation/model
MODEL_DEPTH=20000
MODEL_MEMORY=4000

# A model and what it is built with. Each search is of all states.
MODEL_RUNS=(
	"heap"
	"heap -DKMEMLEAK"
	"heap -DPREEMPTION"
	"run"
	"shared"
	"shared -DINTERRUPT"
	"ledger"
	"ledger -DOWNER=1"
	"region"
	"reclaim"
	"flight"
	"cut"
)
# Searched once more, for runs that never end: there are none, so no call waits for ever.
MODEL_ENDS=(
	"heap -DPREEMPTION"
	"run"
	"shared"
	"shared -DINTERRUPT"
)

# model_build "MODEL [DEFINE...]" CFLAG...: makes ./pan in $MODEL_DIR.
model_build()
{
	local words

	read -ra words <<<"$1"
	shift
	rm -f "$MODEL_DIR"/*
	(
		cd "$MODEL_DIR" &&
			spin -a "${words[@]:1}" "$MODELS/${words[0]}.pml" &&
			gcc -w -DNOREDUCE -DMEMLIM="$MODEL_MEMORY" "$@" -o pan pan.c
	) >"$MODEL_DIR/build.log" 2>&1 || {
		cat "$MODEL_DIR/build.log"
		return 1
	}
}

# model_pan LABEL ARGUMENT...: runs it; all states were searched and nothing was found.
model_pan()
{
	local label=$1 out=$MODEL_DIR/out

	shift
	run_long "$label" "$out" "" env -C "$MODEL_DIR" ./pan -m"$MODEL_DEPTH" "$@" || true
	if ! grep -q 'errors: 0$' "$out" ||
		grep -qi 'not completed\|depth too small\|MEMLIM\|out of memory' "$out"; then
		echo "$label: an error, or not all states were searched:"
		cat "$out"
		return 1
	fi
}

# model_messages: what each printf of the model that is built says, once for each place
# that it came to when its inlines were put in.
model_messages()
{
	sed -n "s/.* - \[printf('\(.*\)')\].*/\1/p" "$MODEL_DIR/pan.m" | sed 's/\\\\n//; s/\\n//'
}

# The same of those places that the search did not get to.
model_unreached()
{
	sed -n "s/.*, state [0-9]*, \"printf('\(.*\)')\"/\1/p" "$MODEL_DIR/out" | sed 's/\\n//'
}

# model_reached: the messages that were reached somewhere.
model_reached()
{
	comm -23 <(model_messages | sort | uniq -c | sort) <(model_unreached | sort | uniq -c | sort) |
		sed 's/^ *[0-9]* //'
}

# model_search "MODEL [DEFINE...]": adds to MODEL_STATES, MODEL_DEEPEST, $MODEL_REACHED.
model_search()
{
	local states depth

	model_build "$1" -O2 -DSAFETY || return 1
	model_pan "model $1" -w23 || return 1
	model_reached >>"$MODEL_REACHED"
	states=$(awk '/states, stored/ { print $1 }' "$MODEL_DIR/out")
	depth=$(sed -n 's/.*depth reached \([0-9]*\),.*/\1/p' "$MODEL_DIR/out")
	MODEL_STATES=$((MODEL_STATES + states))
	[ "$depth" -le "$MODEL_DEEPEST" ] || MODEL_DEEPEST=$depth
}

# What a model says with printf is what its search must get to, or it proves little.
model_all_reached()
{
	! grep . <<<"$(sed -n 's/.*printf("\(.*\)\\n").*/\1/p' "$MODELS"/*.pml |
		grep -vxFf "$MODEL_REACHED" | sed 's/^/no search came to: /')"
}

# A line now and then, while many short things are done.
MODEL_TOLD=0
model_tell()
{
	[ -t 2 ] || [ $((SECONDS - MODEL_TOLD)) -ge 30 ] || return 0
	MODEL_TOLD=$SECONDS
	progress "$1"
}

# model_mutation MODEL NAME: something must be found, and be what we assert.
model_mutation()
{
	local out=$MODEL_DIR/out

	model_tell "model $1 -D$2"
	model_build "$1 -D$2" -O0 -DSAFETY || return 1
	(cd "$MODEL_DIR" && timeout 120 ./pan -m"$MODEL_DEPTH" -w20) >"$out" 2>&1 || true
	if ! grep -q 'errors: 1$' "$out" ||
		! grep -q 'assertion violated\|invalid end state' "$out"; then
		echo "$1 -D$2: not found"
		cat "$out"
		return 1
	fi
}

# model_mutations: "MODEL NAME" for each; those of what is included go with the first that does.
model_mutations()
{
	local model

	for model in heap run shared ledger region reclaim flight cut; do
		{
			cat "$MODELS/$model.pml"
			[ "$model" != heap ] || cat "$MODELS/granules.pml"
		} | grep -o '\(BUG\|LIMIT\)_[A-Z_]*' | sort -u | sed "s/^/$model /"
	done
}

check_model()
{
	local run model name found=0 status=0

	python3 "$SCRIPTS/lib/model_steps.py" "$PROJECT" || return 1
	apt_install spin
	temp_dir
	MODEL_DIR=$TEMP_DIR/run MODEL_REACHED=$TEMP_DIR/reached
	mkdir "$MODEL_DIR"
	: >"$MODEL_REACHED"
	MODEL_STATES=0 MODEL_DEEPEST=0
	for run in "${MODEL_RUNS[@]}"; do
		model_search "$run" || status=1
	done
	[ "$status" -ne 0 ] || model_all_reached || status=1
	for run in "${MODEL_ENDS[@]}"; do
		model_build "$run" -O2 -DNP && model_pan "model $run, to its end" -w23 -l || status=1
	done
	while read -r model name; do
		if model_mutation "$model" "$name"; then
			found=$((found + 1))
		else
			status=1
		fi
	done < <(model_mutations)
	# None at all would mean that their names were not found.
	[ "$found" -gt 0 ] || status=1
	progress_done
	[ "$status" -ne 0 ] ||
		log "model: $MODEL_STATES states, at most $MODEL_DEEPEST deep; $found mutations found"
	return "$status"
}

# litmus_names FILE: its name is its first line's, and it says what its result is.
litmus_names()
{
	local name

	name=$(basename "$1" .litmus)
	if [ "$(head -n 1 "$1")" != "C $name" ] ||
		[ "$(grep -c '^ \* Result: \(Never\|Sometimes\)$' "$1")" -ne 1 ]; then
		echo "$1: no name of its own, or not one result"
		return 1
	fi
}

# litmus_run FILE: herd7 finds what the test says, by the kernel's memory model.
litmus_run()
{
	local name result out=$MODEL_DIR/herd.out

	name=$(basename "$1" .litmus)
	result=$(sed -n 's/^ \* Result: //p' "$1")
	(cd "$KERNEL_SRC/tools/memory-model" && herd7 -conf linux-kernel.cfg "$1") >"$out" 2>&1 || true
	grep -q "^Observation $name $result " "$out" || {
		echo "$name: not $result:"
		cat "$out"
		return 1
	}
}

check_litmus()
{
	local file status=0 number=0

	temp_dir
	MODEL_DIR=$TEMP_DIR
	for file in "$MODELS"/litmus/*.litmus; do
		litmus_names "$file" || status=1
		number=$((number + 1))
	done
	command -v herd7 >/dev/null || {
		log "litmus: herd7 is not on the PATH: $number tests were not run"
		return "$status"
	}
	for file in "$MODELS"/litmus/*.litmus; do
		model_tell "litmus $(basename "$file")"
		litmus_run "$file" || status=1
	done
	progress_done
	[ "$status" -ne 0 ] || log "litmus: $number tests have the result that they say"
	return "$status"
}
