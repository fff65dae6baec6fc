# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_wxcoupon_global_optspecs
    string join \n V/version c/config= C/dir= lang= json h/help
end

function __fish_wxcoupon_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_wxcoupon_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_wxcoupon_using_subcommand
    set -l cmd (__fish_wxcoupon_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c wxcoupon -n "__fish_wxcoupon_needs_command" -s c -l config -d 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_needs_command" -s C -l dir -d 'Works in this folder: relative paths of the configuration count from it' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_needs_command" -l lang -d 'Language: zh or en' -r -f -a "zh\t''
en\t''"
complete -c wxcoupon -n "__fish_wxcoupon_needs_command" -s V -l version -d 'Prints the version'
complete -c wxcoupon -n "__fish_wxcoupon_needs_command" -l json -d 'Prints answers as JSON, unchanged, for programs'
complete -c wxcoupon -n "__fish_wxcoupon_needs_command" -s h -l help -d 'Prints help'
complete -c wxcoupon -n "__fish_wxcoupon_needs_command" -f -a "check" -d 'Checks configuration, keys, journal and clock, line by line'
complete -c wxcoupon -n "__fish_wxcoupon_needs_command" -f -a "query" -d 'Asks for one coupon of a user'
complete -c wxcoupon -n "__fish_wxcoupon_needs_command" -f -a "quote" -d 'What a queried coupon takes off a basket, offline'
complete -c wxcoupon -n "__fish_wxcoupon_needs_command" -f -a "use" -d 'Redeems a coupon'
complete -c wxcoupon -n "__fish_wxcoupon_needs_command" -f -a "return" -d 'Returns a redeemed coupon'
complete -c wxcoupon -n "__fish_wxcoupon_needs_command" -f -a "list" -d 'Lists the coupons of a user'
complete -c wxcoupon -n "__fish_wxcoupon_needs_command" -f -a "send" -d 'Sends a coupon to a user'
complete -c wxcoupon -n "__fish_wxcoupon_needs_command" -f -a "confirm" -d 'Confirms a coupon that was sent'
complete -c wxcoupon -n "__fish_wxcoupon_needs_command" -f -a "deactivate" -d 'Makes a coupon of a user invalid, for good'
complete -c wxcoupon -n "__fish_wxcoupon_needs_command" -f -a "scan" -d 'What can be redeemed for a scanned code or a user'
complete -c wxcoupon -n "__fish_wxcoupon_needs_command" -f -a "call" -d 'Calls any operation by its name'
complete -c wxcoupon -n "__fish_wxcoupon_needs_command" -f -a "pending" -d 'Lists what is not known to be finished; no network'
complete -c wxcoupon -n "__fish_wxcoupon_needs_command" -f -a "settle" -d 'Makes known what is in doubt: one number, or everything; also while the till runs'
complete -c wxcoupon -n "__fish_wxcoupon_needs_command" -f -a "show" -d 'Tells the course of one request from the journal'
complete -c wxcoupon -n "__fish_wxcoupon_needs_command" -f -a "abandon" -d 'Records a person\'s decision to give a request up; it is never sent again'
complete -c wxcoupon -n "__fish_wxcoupon_needs_command" -f -a "sign" -d 'Explains signatures'
complete -c wxcoupon -n "__fish_wxcoupon_needs_command" -f -a "bundle" -d 'Gathers what support needs into one file; nothing is uploaded'
complete -c wxcoupon -n "__fish_wxcoupon_needs_command" -f -a "generate" -d 'Writes completions and the man page into a folder'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand check" -l keys -d 'Explains these key files instead: what each is, and what fits to what' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand check" -s c -l config -d 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand check" -s C -l dir -d 'Works in this folder: relative paths of the configuration count from it' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand check" -l lang -d 'Language: zh or en' -r -f -a "zh\t''
en\t''"
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand check" -s h -l help -d 'Prints help'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand check" -l online -d 'Connects to WeChat Pay, too'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand check" -l json -d 'Prints answers as JSON, unchanged, for programs'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand query" -l timeout-ms -d 'Limit of this call, in milliseconds' -r
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand query" -l trace -d 'A traceparent for log and journal' -r
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand query" -s c -l config -d 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand query" -s C -l dir -d 'Works in this folder: relative paths of the configuration count from it' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand query" -l lang -d 'Language: zh or en' -r -f -a "zh\t''
en\t''"
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand query" -s h -l help -d 'Prints help'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand query" -l json -d 'Prints answers as JSON, unchanged, for programs'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand quote" -l timeout-ms -d 'Limit of this call, in milliseconds' -r
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand quote" -l trace -d 'A traceparent for log and journal' -r
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand quote" -s c -l config -d 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand quote" -s C -l dir -d 'Works in this folder: relative paths of the configuration count from it' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand quote" -l lang -d 'Language: zh or en' -r -f -a "zh\t''
en\t''"
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand quote" -s h -l help -d 'Prints help'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand quote" -l json -d 'Prints answers as JSON, unchanged, for programs'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand use" -l timeout-ms -d 'Limit of this call, in milliseconds' -r
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand use" -l trace -d 'A traceparent for log and journal' -r
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand use" -s c -l config -d 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand use" -s C -l dir -d 'Works in this folder: relative paths of the configuration count from it' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand use" -l lang -d 'Language: zh or en' -r -f -a "zh\t''
en\t''"
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand use" -s h -l help -d 'Prints help'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand use" -l json -d 'Prints answers as JSON, unchanged, for programs'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand return" -l timeout-ms -d 'Limit of this call, in milliseconds' -r
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand return" -l trace -d 'A traceparent for log and journal' -r
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand return" -s c -l config -d 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand return" -s C -l dir -d 'Works in this folder: relative paths of the configuration count from it' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand return" -l lang -d 'Language: zh or en' -r -f -a "zh\t''
en\t''"
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand return" -s h -l help -d 'Prints help'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand return" -l json -d 'Prints answers as JSON, unchanged, for programs'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand list" -l timeout-ms -d 'Limit of this call, in milliseconds' -r
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand list" -l trace -d 'A traceparent for log and journal' -r
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand list" -s c -l config -d 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand list" -s C -l dir -d 'Works in this folder: relative paths of the configuration count from it' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand list" -l lang -d 'Language: zh or en' -r -f -a "zh\t''
en\t''"
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand list" -s h -l help -d 'Prints help'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand list" -l json -d 'Prints answers as JSON, unchanged, for programs'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand send" -l timeout-ms -d 'Limit of this call, in milliseconds' -r
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand send" -l trace -d 'A traceparent for log and journal' -r
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand send" -s c -l config -d 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand send" -s C -l dir -d 'Works in this folder: relative paths of the configuration count from it' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand send" -l lang -d 'Language: zh or en' -r -f -a "zh\t''
en\t''"
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand send" -s h -l help -d 'Prints help'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand send" -l json -d 'Prints answers as JSON, unchanged, for programs'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand confirm" -l timeout-ms -d 'Limit of this call, in milliseconds' -r
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand confirm" -l trace -d 'A traceparent for log and journal' -r
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand confirm" -s c -l config -d 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand confirm" -s C -l dir -d 'Works in this folder: relative paths of the configuration count from it' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand confirm" -l lang -d 'Language: zh or en' -r -f -a "zh\t''
en\t''"
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand confirm" -s h -l help -d 'Prints help'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand confirm" -l json -d 'Prints answers as JSON, unchanged, for programs'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand deactivate" -l timeout-ms -d 'Limit of this call, in milliseconds' -r
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand deactivate" -l trace -d 'A traceparent for log and journal' -r
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand deactivate" -s c -l config -d 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand deactivate" -s C -l dir -d 'Works in this folder: relative paths of the configuration count from it' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand deactivate" -l lang -d 'Language: zh or en' -r -f -a "zh\t''
en\t''"
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand deactivate" -s h -l help -d 'Prints help'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand deactivate" -l json -d 'Prints answers as JSON, unchanged, for programs'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand scan" -l timeout-ms -d 'Limit of this call, in milliseconds' -r
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand scan" -l trace -d 'A traceparent for log and journal' -r
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand scan" -s c -l config -d 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand scan" -s C -l dir -d 'Works in this folder: relative paths of the configuration count from it' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand scan" -l lang -d 'Language: zh or en' -r -f -a "zh\t''
en\t''"
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand scan" -s h -l help -d 'Prints help'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand scan" -l json -d 'Prints answers as JSON, unchanged, for programs'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand call" -l timeout-ms -d 'Limit of this call, in milliseconds' -r
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand call" -l trace -d 'A traceparent for log and journal' -r
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand call" -s c -l config -d 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand call" -s C -l dir -d 'Works in this folder: relative paths of the configuration count from it' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand call" -l lang -d 'Language: zh or en' -r -f -a "zh\t''
en\t''"
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand call" -s h -l help -d 'Prints help'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand call" -l json -d 'Prints answers as JSON, unchanged, for programs'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand pending" -s c -l config -d 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand pending" -s C -l dir -d 'Works in this folder: relative paths of the configuration count from it' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand pending" -l lang -d 'Language: zh or en' -r -f -a "zh\t''
en\t''"
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand pending" -s h -l help -d 'Prints help'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand pending" -l json -d 'Prints answers as JSON, unchanged, for programs'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand settle" -l timeout-ms -d 'Limit of this call, in milliseconds' -r
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand settle" -s c -l config -d 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand settle" -s C -l dir -d 'Works in this folder: relative paths of the configuration count from it' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand settle" -l lang -d 'Language: zh or en' -r -f -a "zh\t''
en\t''"
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand settle" -s h -l help -d 'Prints help'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand settle" -l void -d 'Calls the sale off: what has been redeemed is returned'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand settle" -l json -d 'Prints answers as JSON, unchanged, for programs'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand show" -s c -l config -d 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand show" -s C -l dir -d 'Works in this folder: relative paths of the configuration count from it' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand show" -l lang -d 'Language: zh or en' -r -f -a "zh\t''
en\t''"
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand show" -s h -l help -d 'Prints help'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand show" -l json -d 'Prints answers as JSON, unchanged, for programs'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand abandon" -l note -d 'Who decided it, and why' -r
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand abandon" -s c -l config -d 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand abandon" -s C -l dir -d 'Works in this folder: relative paths of the configuration count from it' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand abandon" -l lang -d 'Language: zh or en' -r -f -a "zh\t''
en\t''"
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand abandon" -s h -l help -d 'Prints help'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand abandon" -l json -d 'Prints answers as JSON, unchanged, for programs'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand sign; and not __fish_seen_subcommand_from explain" -s c -l config -d 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand sign; and not __fish_seen_subcommand_from explain" -s C -l dir -d 'Works in this folder: relative paths of the configuration count from it' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand sign; and not __fish_seen_subcommand_from explain" -l lang -d 'Language: zh or en' -r -f -a "zh\t''
en\t''"
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand sign; and not __fish_seen_subcommand_from explain" -s h -l help -d 'Prints help'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand sign; and not __fish_seen_subcommand_from explain" -l json -d 'Prints answers as JSON, unchanged, for programs'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand sign; and not __fish_seen_subcommand_from explain" -f -a "explain" -d 'Shows the five lines, hash, signature and header of a request; nothing is sent'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand sign; and __fish_seen_subcommand_from explain" -l body -d 'The body: a text, @FILE, or - for standard input' -r
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand sign; and __fish_seen_subcommand_from explain" -l timestamp -d 'Unix time in seconds [now]' -r
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand sign; and __fish_seen_subcommand_from explain" -l nonce -d 'The nonce [random]' -r
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand sign; and __fish_seen_subcommand_from explain" -l authorization -d 'Another program\'s Authorization header: says where it differs' -r
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand sign; and __fish_seen_subcommand_from explain" -l rejected -d 'WeChat Pay\'s rejecting answer as JSON, or - for standard input: says where it differs' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand sign; and __fish_seen_subcommand_from explain" -s c -l config -d 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand sign; and __fish_seen_subcommand_from explain" -s C -l dir -d 'Works in this folder: relative paths of the configuration count from it' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand sign; and __fish_seen_subcommand_from explain" -l lang -d 'Language: zh or en' -r -f -a "zh\t''
en\t''"
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand sign; and __fish_seen_subcommand_from explain" -s h -l help -d 'Prints help'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand sign; and __fish_seen_subcommand_from explain" -l json -d 'Prints answers as JSON, unchanged, for programs'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand bundle" -l out -d 'The file [wxcoupon-support-TIME.zip]' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand bundle" -l qr -d 'Prints the case of this number as a QR code instead, to be photographed' -r
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand bundle" -s c -l config -d 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand bundle" -s C -l dir -d 'Works in this folder: relative paths of the configuration count from it' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand bundle" -l lang -d 'Language: zh or en' -r -f -a "zh\t''
en\t''"
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand bundle" -s h -l help -d 'Prints help'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand bundle" -s y -l yes -d 'Writes it without asking'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand bundle" -l online -d 'Connects to WeChat Pay for the self-check'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand bundle" -l json -d 'Prints answers as JSON, unchanged, for programs'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand generate" -s c -l config -d 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand generate" -s C -l dir -d 'Works in this folder: relative paths of the configuration count from it' -r -F
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand generate" -l lang -d 'Language: zh or en' -r -f -a "zh\t''
en\t''"
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand generate" -s h -l help -d 'Prints help'
complete -c wxcoupon -n "__fish_wxcoupon_using_subcommand generate" -l json -d 'Prints answers as JSON, unchanged, for programs'
