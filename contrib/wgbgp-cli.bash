# SPDX-License-Identifier: BSD-2-Clause
# bash completion of wgbgp-cli and wgbgpd. The words behind -c come from the program's own list.

# Words that may follow those typed already, from the lines of `help` (the lines without indent).
_wgbgp_cli_words() {
	wgbgp-cli -c help 2>/dev/null | awk -v typed="$1" '
		/^ / { next }
		{
			gsub(/[][]/, "")
			n = split(typed, have, " ")
			for (i = 1; i <= n; i++) {
				m = split($i, alternatives, "|")
				found = 0
				for (k = 1; k <= m; k++)
					if (alternatives[k] == have[i] || alternatives[k] ~ /^[A-Z]+$/)
						found = 1
				if (!found)
					next
			}
			m = split($(n + 1), alternatives, "|")
			for (k = 1; k <= m; k++)
				if (alternatives[k] !~ /^[A-Z]*$/)
					print alternatives[k]
		}' | sort -u
}

_wgbgp_cli() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} typed quote=
	COMPREPLY=()
	case $prev in
	-r) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
	-c)
		case $cur in
		[\'\"]*) quote=${cur:0:1} cur=${cur:1} ;;
		esac
		typed=
		[[ $cur == *" "* ]] && typed="${cur% *} "
		mapfile -t COMPREPLY < <(compgen -P "$quote$typed" -W "$(_wgbgp_cli_words "$typed")" -- "${cur##* }")
		compopt -o nospace
		return ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "-c -r -V -h" -- "$cur")
}

_wgbgpd() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	COMPREPLY=()
	case $prev in
	-c) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	-r) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
	*) mapfile -t COMPREPLY < <(compgen -W "-c -n -r -V" -- "$cur") ;;
	esac
}

complete -F _wgbgp_cli wgbgp-cli
complete -F _wgbgpd wgbgpd
