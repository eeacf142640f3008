# SPDX-License-Identifier: BSD-2-Clause
# bash completion of the programs. The words behind -c of wgbgp-cli come from its own list.

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

# OPTIONS FILES DIRECTORIES USERS OTHERS: all options, and those that such a word follows.
_wgbgp_options() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} kind=
	COMPREPLY=()
	[[ " $2 " == *" $prev "* ]] && kind=-f
	[[ " $3 " == *" $prev "* ]] && kind=-d
	[[ " $4 " == *" $prev "* ]] && kind=-u
	[[ " $5 " == *" $prev "* ]] && return
	if [ -z "$kind" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
		return
	fi
	[ "$kind" = -u ] || compopt -o filenames
	mapfile -t COMPREPLY < <(compgen "$kind" -- "$cur")
}

_wgbgpd() { _wgbgp_options "-c -k -n -r -V" "-c" "-r"; }
_wgbgp_web() { _wgbgp_options "-l -r -s -t -u -w -V" "-t" "-r -s -w" "-u" "-l"; }
_wgbgp_events() { _wgbgp_options "-r -s -u -V" "" "-r -s" "-u"; }

# What is no option is the list of nodes.
_wgbgp_mesh() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	_wgbgp_options "-a -i -k -o -p" "-p" "-k -o" "" "-a -i"
	[[ $cur == -* || $prev == -[aikop] ]] && return
	compopt -o filenames
	mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}

complete -F _wgbgp_cli wgbgp-cli
complete -F _wgbgpd wgbgpd
complete -F _wgbgp_web wgbgp-web
complete -F _wgbgp_events wgbgp-events
complete -F _wgbgp_mesh wgbgp-mesh
