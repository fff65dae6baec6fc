
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'wxcoupon' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'wxcoupon'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'wxcoupon' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language: zh or en')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Prints the version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Prints the version')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints answers as JSON, unchanged, for programs')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Checks configuration, keys, journal and clock, line by line')
            [CompletionResult]::new('query', 'query', [CompletionResultType]::ParameterValue, 'Asks for one coupon of a user')
            [CompletionResult]::new('quote', 'quote', [CompletionResultType]::ParameterValue, 'What a queried coupon takes off a basket, offline')
            [CompletionResult]::new('use', 'use', [CompletionResultType]::ParameterValue, 'Redeems a coupon')
            [CompletionResult]::new('return', 'return', [CompletionResultType]::ParameterValue, 'Returns a redeemed coupon')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Lists the coupons of a user')
            [CompletionResult]::new('send', 'send', [CompletionResultType]::ParameterValue, 'Sends a coupon to a user')
            [CompletionResult]::new('confirm', 'confirm', [CompletionResultType]::ParameterValue, 'Confirms a coupon that was sent')
            [CompletionResult]::new('deactivate', 'deactivate', [CompletionResultType]::ParameterValue, 'Makes a coupon of a user invalid, for good')
            [CompletionResult]::new('scan', 'scan', [CompletionResultType]::ParameterValue, 'What can be redeemed for a scanned code or a user')
            [CompletionResult]::new('call', 'call', [CompletionResultType]::ParameterValue, 'Calls any operation by its name')
            [CompletionResult]::new('pending', 'pending', [CompletionResultType]::ParameterValue, 'Lists what is not known to be finished; no network')
            [CompletionResult]::new('settle', 'settle', [CompletionResultType]::ParameterValue, 'Makes known what is in doubt: one number, or everything; also while the till runs')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Tells the course of one request from the journal')
            [CompletionResult]::new('abandon', 'abandon', [CompletionResultType]::ParameterValue, 'Records a person''s decision to give a request up; it is never sent again')
            [CompletionResult]::new('sign', 'sign', [CompletionResultType]::ParameterValue, 'Explains signatures')
            [CompletionResult]::new('bundle', 'bundle', [CompletionResultType]::ParameterValue, 'Gathers what support needs into one file; nothing is uploaded')
            [CompletionResult]::new('generate', 'generate', [CompletionResultType]::ParameterValue, 'Writes completions and the man page into a folder')
            break
        }
        'wxcoupon;check' {
            [CompletionResult]::new('--keys', '--keys', [CompletionResultType]::ParameterName, 'Explains these key files instead: what each is, and what fits to what')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language: zh or en')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--online', '--online', [CompletionResultType]::ParameterName, 'Connects to WeChat Pay, too')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints answers as JSON, unchanged, for programs')
            break
        }
        'wxcoupon;query' {
            [CompletionResult]::new('--timeout-ms', '--timeout-ms', [CompletionResultType]::ParameterName, 'Limit of this call, in milliseconds')
            [CompletionResult]::new('--trace', '--trace', [CompletionResultType]::ParameterName, 'A traceparent for log and journal')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language: zh or en')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints answers as JSON, unchanged, for programs')
            break
        }
        'wxcoupon;quote' {
            [CompletionResult]::new('--timeout-ms', '--timeout-ms', [CompletionResultType]::ParameterName, 'Limit of this call, in milliseconds')
            [CompletionResult]::new('--trace', '--trace', [CompletionResultType]::ParameterName, 'A traceparent for log and journal')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language: zh or en')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints answers as JSON, unchanged, for programs')
            break
        }
        'wxcoupon;use' {
            [CompletionResult]::new('--timeout-ms', '--timeout-ms', [CompletionResultType]::ParameterName, 'Limit of this call, in milliseconds')
            [CompletionResult]::new('--trace', '--trace', [CompletionResultType]::ParameterName, 'A traceparent for log and journal')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language: zh or en')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints answers as JSON, unchanged, for programs')
            break
        }
        'wxcoupon;return' {
            [CompletionResult]::new('--timeout-ms', '--timeout-ms', [CompletionResultType]::ParameterName, 'Limit of this call, in milliseconds')
            [CompletionResult]::new('--trace', '--trace', [CompletionResultType]::ParameterName, 'A traceparent for log and journal')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language: zh or en')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints answers as JSON, unchanged, for programs')
            break
        }
        'wxcoupon;list' {
            [CompletionResult]::new('--timeout-ms', '--timeout-ms', [CompletionResultType]::ParameterName, 'Limit of this call, in milliseconds')
            [CompletionResult]::new('--trace', '--trace', [CompletionResultType]::ParameterName, 'A traceparent for log and journal')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language: zh or en')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints answers as JSON, unchanged, for programs')
            break
        }
        'wxcoupon;send' {
            [CompletionResult]::new('--timeout-ms', '--timeout-ms', [CompletionResultType]::ParameterName, 'Limit of this call, in milliseconds')
            [CompletionResult]::new('--trace', '--trace', [CompletionResultType]::ParameterName, 'A traceparent for log and journal')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language: zh or en')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints answers as JSON, unchanged, for programs')
            break
        }
        'wxcoupon;confirm' {
            [CompletionResult]::new('--timeout-ms', '--timeout-ms', [CompletionResultType]::ParameterName, 'Limit of this call, in milliseconds')
            [CompletionResult]::new('--trace', '--trace', [CompletionResultType]::ParameterName, 'A traceparent for log and journal')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language: zh or en')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints answers as JSON, unchanged, for programs')
            break
        }
        'wxcoupon;deactivate' {
            [CompletionResult]::new('--timeout-ms', '--timeout-ms', [CompletionResultType]::ParameterName, 'Limit of this call, in milliseconds')
            [CompletionResult]::new('--trace', '--trace', [CompletionResultType]::ParameterName, 'A traceparent for log and journal')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language: zh or en')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints answers as JSON, unchanged, for programs')
            break
        }
        'wxcoupon;scan' {
            [CompletionResult]::new('--timeout-ms', '--timeout-ms', [CompletionResultType]::ParameterName, 'Limit of this call, in milliseconds')
            [CompletionResult]::new('--trace', '--trace', [CompletionResultType]::ParameterName, 'A traceparent for log and journal')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language: zh or en')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints answers as JSON, unchanged, for programs')
            break
        }
        'wxcoupon;call' {
            [CompletionResult]::new('--timeout-ms', '--timeout-ms', [CompletionResultType]::ParameterName, 'Limit of this call, in milliseconds')
            [CompletionResult]::new('--trace', '--trace', [CompletionResultType]::ParameterName, 'A traceparent for log and journal')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language: zh or en')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints answers as JSON, unchanged, for programs')
            break
        }
        'wxcoupon;pending' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language: zh or en')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints answers as JSON, unchanged, for programs')
            break
        }
        'wxcoupon;settle' {
            [CompletionResult]::new('--timeout-ms', '--timeout-ms', [CompletionResultType]::ParameterName, 'Limit of this call, in milliseconds')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language: zh or en')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--void', '--void', [CompletionResultType]::ParameterName, 'Calls the sale off: what has been redeemed is returned')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints answers as JSON, unchanged, for programs')
            break
        }
        'wxcoupon;show' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language: zh or en')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints answers as JSON, unchanged, for programs')
            break
        }
        'wxcoupon;abandon' {
            [CompletionResult]::new('--note', '--note', [CompletionResultType]::ParameterName, 'Who decided it, and why')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language: zh or en')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints answers as JSON, unchanged, for programs')
            break
        }
        'wxcoupon;sign' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language: zh or en')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints answers as JSON, unchanged, for programs')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Shows the five lines, hash, signature and header of a request; nothing is sent')
            break
        }
        'wxcoupon;sign;explain' {
            [CompletionResult]::new('--body', '--body', [CompletionResultType]::ParameterName, 'The body: a text, @FILE, or - for standard input')
            [CompletionResult]::new('--timestamp', '--timestamp', [CompletionResultType]::ParameterName, 'Unix time in seconds [now]')
            [CompletionResult]::new('--nonce', '--nonce', [CompletionResultType]::ParameterName, 'The nonce [random]')
            [CompletionResult]::new('--authorization', '--authorization', [CompletionResultType]::ParameterName, 'Another program''s Authorization header: says where it differs')
            [CompletionResult]::new('--rejected', '--rejected', [CompletionResultType]::ParameterName, 'WeChat Pay''s rejecting answer as JSON, or - for standard input: says where it differs')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language: zh or en')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints answers as JSON, unchanged, for programs')
            break
        }
        'wxcoupon;bundle' {
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'The file [wxcoupon-support-TIME.zip]')
            [CompletionResult]::new('--qr', '--qr', [CompletionResultType]::ParameterName, 'Prints the case of this number as a QR code instead, to be photographed')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language: zh or en')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Writes it without asking')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Writes it without asking')
            [CompletionResult]::new('--online', '--online', [CompletionResultType]::ParameterName, 'Connects to WeChat Pay for the self-check')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints answers as JSON, unchanged, for programs')
            break
        }
        'wxcoupon;generate' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Works in this folder: relative paths of the configuration count from it')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language: zh or en')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Prints help')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Prints answers as JSON, unchanged, for programs')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
