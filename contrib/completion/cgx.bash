# SPDX-License-Identifier: LGPL-2.1-or-later
# Bash completion of the cgx tools and of libcgroup's names for them: each tool answers for itself.
_cgx()
{
	local line=${COMP_LINE:0:COMP_POINT} words cur cut reply i=0
	# libcgroup's own tools are never asked: what they make of the question is not known.
	[[ $(readlink -f -- "$(type -P -- "$1")") == */cgx-* ]] || return
	read -ra words <<< "$line"
	[[ $line == *[[:blank:]] ]] && words+=("")
	cur=${words[-1]} cut=${words[-1]%"${words[-1]##*["$COMP_WORDBREAKS"]}"}
	while IFS= read -r reply; do
		case $reply in
		$'\tfiles') compopt -o filenames; mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "${cur##*=}") ;;
		$'\tdirs') compopt -o filenames; mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -d -- "${cur##*=}") ;;
		$'\tcommand '*)
			line="${words[*]:0:${reply##* }}" line=${line//[[:blank:]]}
			while [[ $line && $i -lt $COMP_CWORD ]]; do line=${line#"${COMP_WORDS[i++]}"}; done
			if declare -F _command_offset > /dev/null; then _command_offset "$i"
			else mapfile -t COMPREPLY < <(compgen -c -f -- "$cur"); fi ;;
		*) reply=${reply%%$'\t'*} && printf -v reply %q "${reply#"$cut"}" && COMPREPLY+=("$reply") ;;
		esac
	done < <("$1" --complete -- $((${#words[@]} - 1)) "${words[@]}" 2> /dev/null)
	[[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[=:/,] ]] && compopt -o nospace
}
complete -F _cgx cgx-{ls,get,set,create,delete,move,exec,top,watch,oom-watch,sandbox,apply,save,rulesd,guard} \
	cg{get,set,create,delete,exec,classify} lscgroup lssubsys
