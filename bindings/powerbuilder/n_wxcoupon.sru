$PBExportHeader$n_wxcoupon.sru
forward
global type n_wxcoupon from nonvisualobject
end type
end forward

global type n_wxcoupon from nonvisualobject autoinstantiate
end type

type prototypes
// Redeem WeChat Pay product coupons from PowerBuilder 10 and later, 32 and 64 bits. A PowerBuilder that does not know
// longptr takes long in its place. Put wxcoupon.dll beside the program, in the program's bitness; in the IDE the
// program is PowerBuilder: put it on the PATH. What each function asks and answers is in wxcoupon.h.
//
// PowerBuilder knows stdcall only: every function is declared under the name of its stdcall door.
//
// A text goes in as UTF-8 in a blob (of_utf8); an answer comes out with of_text. Names of operations, HTTP methods
// and paths are ASCII: they are strings. Leave text_encoding out of the configuration. In place of NULL,
// wxcoupon_settle and wxcoupon_check take of_utf8("{}").
//
// wxcoupon_log_set is left out: PowerBuilder has no functions that a library could call. PowerBuilder knows no case:
// the header's WXCOUPON_ABI_VERSION is WX_ABI_VERSION here.
// Generated from include/wxcoupon.json by make header: functions
FUNCTION string wxcoupon_version() LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_version_std;Ansi"
FUNCTION long wxcoupon_abi_version() LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_abi_version_std"
FUNCTION string wxcoupon_status_name(long status) LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_status_name_std;Ansi"
FUNCTION string wxcoupon_status_text(long status) LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_status_text_std;Ansi"
FUNCTION long wxcoupon_status_class(long status) LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_status_class_std"
FUNCTION longptr wxcoupon_buf_new() LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_buf_new_std"
FUNCTION longptr wxcoupon_buf_data(longptr buf) LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_buf_data_std"
FUNCTION ulong wxcoupon_buf_len(longptr buf) LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_buf_len_std"
FUNCTION ulong wxcoupon_buf_copy(longptr buf, ref blob dst, ulong cap) &
	LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_buf_copy_std"
FUNCTION ulong wxcoupon_buf_copy_utf16(longptr buf, ref string dst, ulong cap) &
	LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_buf_copy_utf16_std"
FUNCTION long wxcoupon_buf_status(longptr buf) LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_buf_status_std"
FUNCTION long wxcoupon_buf_in_doubt(longptr buf) LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_buf_in_doubt_std"
SUBROUTINE wxcoupon_buf_free(longptr buf) LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_buf_free_std"
FUNCTION long wxcoupon_ctx_new(ref blob config_json, ref longptr out_ctx, longptr out_buf) &
	LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_ctx_new_std"
FUNCTION long wxcoupon_ctx_update(longptr ctx, ref blob config_json, longptr out_buf) &
	LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_ctx_update_std"
FUNCTION long wxcoupon_ctx_free(longptr ctx) LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_ctx_free_std"
FUNCTION long wxcoupon_scan(longptr ctx, ref blob json_in, longptr out_buf) &
	LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_scan_std"
FUNCTION long wxcoupon_query(longptr ctx, ref blob json_in, longptr out_buf) &
	LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_query_std"
FUNCTION long wxcoupon_quote(longptr ctx, ref blob json_in, longptr out_buf) &
	LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_quote_std"
FUNCTION long wxcoupon_use(longptr ctx, ref blob json_in, longptr out_buf) &
	LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_use_std"
FUNCTION long wxcoupon_return(longptr ctx, ref blob json_in, longptr out_buf) &
	LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_return_std"
FUNCTION long wxcoupon_list(longptr ctx, ref blob json_in, longptr out_buf) &
	LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_list_std"
FUNCTION long wxcoupon_send(longptr ctx, ref blob json_in, longptr out_buf) &
	LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_send_std"
FUNCTION long wxcoupon_confirm(longptr ctx, ref blob json_in, longptr out_buf) &
	LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_confirm_std"
FUNCTION long wxcoupon_deactivate(longptr ctx, ref blob json_in, longptr out_buf) &
	LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_deactivate_std"
FUNCTION long wxcoupon_pending(longptr ctx, longptr out_buf) LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_pending_std"
FUNCTION long wxcoupon_settle(longptr ctx, ref blob json_in, longptr out_buf) &
	LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_settle_std"
FUNCTION long wxcoupon_start(longptr ctx, string operation, ref blob json_in, ref longptr out_job) &
	LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_start_std;Ansi"
FUNCTION long wxcoupon_job_wait(longptr job, ulong wait_ms, longptr out_buf) &
	LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_job_wait_std"
FUNCTION long wxcoupon_job_cancel(longptr job) LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_job_cancel_std"
SUBROUTINE wxcoupon_job_free(longptr job) LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_job_free_std"
FUNCTION long wxcoupon_notification_open(longptr ctx, ref blob headers_json, ref blob body, ulong body_len, &
	longptr out_buf) &
	LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_notification_open_std"
FUNCTION long wxcoupon_call(longptr ctx, string operation, ref blob json_in, longptr out_buf) &
	LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_call_std;Ansi"
FUNCTION long wxcoupon_request(longptr ctx, string method, string path_and_query, ref blob json_body, longptr out_buf) &
	LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_request_std;Ansi"
FUNCTION long wxcoupon_warm(longptr ctx, longptr out_buf) LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_warm_std"
FUNCTION long wxcoupon_check(longptr ctx, ref blob json_in, longptr out_buf) &
	LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_check_std"
FUNCTION long wxcoupon_stats(longptr ctx, ref blob json_in, longptr out_buf) &
	LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_stats_std"
FUNCTION ulong wxcoupon_handles_live() LIBRARY "wxcoupon.dll" ALIAS FOR "wxcoupon_handles_live_std"
// End of functions
end prototypes

type variables
// Generated from include/wxcoupon.json by make header: numbers
CONSTANT long WX_ABI_VERSION = 1
CONSTANT long WXCOUPON_CLASS_OK = 0
CONSTANT long WXCOUPON_CLASS_MISUSE = 1
CONSTANT long WXCOUPON_CLASS_LOCAL = 2
CONSTANT long WXCOUPON_CLASS_NOT_SENT = 3
CONSTANT long WXCOUPON_CLASS_IN_DOUBT = 4
CONSTANT long WXCOUPON_CLASS_REFUSED = 5
CONSTANT long WXCOUPON_CLASS_BUSY = 6
CONSTANT long WXCOUPON_CLASS_BUG = 9
CONSTANT long WXCOUPON_OK = 0
CONSTANT long WXCOUPON_E_NULL = 1001
CONSTANT long WXCOUPON_E_HANDLE = 1002
CONSTANT long WXCOUPON_E_ENCODING = 1003
CONSTANT long WXCOUPON_E_JSON = 1004
CONSTANT long WXCOUPON_E_REQUEST = 1005
CONSTANT long WXCOUPON_E_OPERATION = 1006
CONSTANT long WXCOUPON_E_REENTRANT = 1007
CONSTANT long WXCOUPON_E_CONFIG = 2001
CONSTANT long WXCOUPON_E_KEY = 2002
CONSTANT long WXCOUPON_E_JOURNAL = 2003
CONSTANT long WXCOUPON_E_CLOCK = 2004
CONSTANT long WXCOUPON_E_CONNECT = 3001
CONSTANT long WXCOUPON_E_TLS = 3002
CONSTANT long WXCOUPON_E_TIMEOUT_UNSENT = 3003
CONSTANT long WXCOUPON_E_CANCELLED_UNSENT = 3004
CONSTANT long WXCOUPON_E_READ_FAILED = 3005
CONSTANT long WXCOUPON_E_ANSWER_TIMEOUT = 4001
CONSTANT long WXCOUPON_E_CONNECTION_LOST = 4002
CONSTANT long WXCOUPON_E_ANSWER_UNTRUSTED = 4003
CONSTANT long WXCOUPON_E_ANSWER_UNREADABLE = 4004
CONSTANT long WXCOUPON_E_SERVER = 4005
CONSTANT long WXCOUPON_E_CANCELLED_SENT = 4006
CONSTANT long WXCOUPON_E_UNRECORDED = 4007
CONSTANT long WXCOUPON_E_REFUSED = 5001
CONSTANT long WXCOUPON_E_COUPON_STATE = 5002
CONSTANT long WXCOUPON_E_NOT_FOUND = 5003
CONSTANT long WXCOUPON_E_NO_PERMISSION = 5004
CONSTANT long WXCOUPON_E_SIGN_REJECTED = 5005
CONSTANT long WXCOUPON_E_REQUEST_NO_REUSED = 5006
CONSTANT long WXCOUPON_E_NOTIFICATION_UNTRUSTED = 5007
CONSTANT long WXCOUPON_E_RATE_LIMITED = 6001
CONSTANT long WXCOUPON_E_LOCKED = 6002
CONSTANT long WXCOUPON_E_RUNNING = 6003
CONSTANT long WXCOUPON_E_PANIC = 9001
CONSTANT long WXCOUPON_E_INTERNAL = 9002
CONSTANT long WXCOUPON_LOG_OFF = 0
CONSTANT long WXCOUPON_LOG_ERROR = 1
CONSTANT long WXCOUPON_LOG_WARN = 2
CONSTANT long WXCOUPON_LOG_INFO = 3
CONSTANT long WXCOUPON_LOG_DEBUG = 4
// End of numbers
end variables

forward prototypes
public function blob of_utf8 (readonly string as_text)
public function string of_text (longptr alp_buf)
end prototypes

public function blob of_utf8 (readonly string as_text);
// The text in UTF-8, with a NUL at its end.
blob{1} lblb_nul

RETURN Blob(as_text, EncodingUTF8!) + lblb_nul
end function

public function string of_text (longptr alp_buf);
// The answer in a buffer.
string ls_text
ulong lul_units

lul_units = wxcoupon_buf_copy_utf16(alp_buf, ls_text, 0)
ls_text = Space(lul_units + 1)
wxcoupon_buf_copy_utf16(alp_buf, ls_text, lul_units + 1)
RETURN ls_text
end function

on n_wxcoupon.create
call super::create
TriggerEvent( this, "constructor" )
end on

on n_wxcoupon.destroy
TriggerEvent( this, "destructor" )
call super::destroy
end on

