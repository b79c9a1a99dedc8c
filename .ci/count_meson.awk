# SPDX-License-Identifier: MIT
# "passed failed" from meson's testlog.txt: each TAP line counts; a program that failed
# without saying which test, or that speaks no TAP, counts as one.

function end_program() {
	if (program == "")
		return
	if (fine + bad == 0 || (status != "exit status 0" && bad == 0))
		status == "exit status 0" ? fine++ : bad++
	passed += fine
	failed += bad
	fine = bad = 0
}

/^test: / {
	end_program()
	program = $2
}
/^result: / {
	status = $0
	sub(/^result: */, "", status)
}
/^ok / { fine++ }
/^not ok / { bad++ }
END {
	end_program()
	if (program == "")
		failed++
	print passed + 0, failed + 0
}
