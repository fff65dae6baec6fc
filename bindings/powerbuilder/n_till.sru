$PBExportHeader$n_till.sru
forward
global type n_till from nonvisualobject
end type
end forward

global type n_till from nonvisualobject
end type
global n_till n_till

type variables
private:
// Declares the library; see n_wxcoupon.
n_wxcoupon in_wx
longptr ilp_context
// Every call fills it anew.
longptr ilp_answer
// The redemption that is under way; 0 is none.
longptr ilp_job
end variables

forward prototypes
public function long of_open (string as_config)
public function string of_settle_everything ()
public function string of_redemption (string as_coupon_code, string as_out_request_no, string as_transaction_id)
public function string of_redeem (string as_json)
public function long of_start (string as_json)
public function boolean of_is_done (ref string as_result)
public subroutine of_cancel ()
public function string of_answer ()
public subroutine of_close ()
private function string of_outcome (long al_status)
private function string of_member (string as_name)
end prototypes

public function long of_open (string as_config);
// Opens the till once, when the application opens. The configuration is JSON; let it name a journal_path.
// What is not in order is in of_answer.
blob lblb_config

IF in_wx.wxcoupon_abi_version() <> in_wx.WX_ABI_VERSION THEN RETURN in_wx.WXCOUPON_E_CONFIG
ilp_answer = in_wx.wxcoupon_buf_new()
lblb_config = in_wx.of_utf8(as_config)
RETURN in_wx.wxcoupon_ctx_new(lblb_config, ilp_context, ilp_answer)
end function

public function string of_settle_everything ();
// Makes known what may have happened: when the application opens, and before the till closes.
blob lblb_everything

lblb_everything = in_wx.of_utf8("{}")
IF in_wx.wxcoupon_settle(ilp_context, lblb_everything, ilp_answer) = in_wx.WXCOUPON_OK THEN
	RETURN "every redemption is known"
END IF
in_wx.wxcoupon_pending(ilp_context, ilp_answer)
RETURN "not yet known: " + of_answer()
end function

public function string of_redemption (string as_coupon_code, string as_out_request_no, string as_transaction_id);
// The members of a redemption. Keep this text with the sale before you hand it on: a repeat has to be the same.
RETURN '{"openid":"oSandboxUser0000000000000001","product_coupon_id":"1000000013","stock_id":"1000000013001",' + &
	'"coupon_code":"' + as_coupon_code + '","out_request_no":"' + as_out_request_no + &
	'","associated_order_info":{"transaction_id":"' + as_transaction_id + '"}}'
end function

public function string of_redeem (string as_json);
// Redeems now. The application stands still meanwhile, up to timeout_ms.
blob lblb_request

lblb_request = in_wx.of_utf8(as_json)
RETURN of_outcome(in_wx.wxcoupon_use(ilp_context, lblb_request, ilp_answer))
end function

public function long of_start (string as_json);
// Redeems in the background. The window then calls Timer(0.2), and asks of_is_done in its timer event.
blob lblb_request

IF ilp_job <> 0 THEN RETURN in_wx.WXCOUPON_E_RUNNING
lblb_request = in_wx.of_utf8(as_json)
RETURN in_wx.wxcoupon_start(ilp_context, "use", lblb_request, ilp_job)
end function

public function boolean of_is_done (ref string as_result);
// True once it is done; as_result then says how it ended, and the window calls Timer(0).
long ll_status

ll_status = in_wx.wxcoupon_job_wait(ilp_job, 0, ilp_answer)
IF ll_status = in_wx.WXCOUPON_E_RUNNING THEN RETURN FALSE
as_result = of_outcome(ll_status)
in_wx.wxcoupon_job_free(ilp_job)
ilp_job = 0
RETURN TRUE
end function

public subroutine of_cancel ();
// The customer has left. What was already sent ends in doubt, and is settled.
in_wx.wxcoupon_job_cancel(ilp_job)
end subroutine

public function string of_answer ();
// What the last call answered: JSON. newer PowerBuilders read it with JSONParser.
RETURN in_wx.of_text(ilp_answer)
end function

public subroutine of_close ();
// A redemption that is under way is called off; the journal keeps what becomes of it.
in_wx.wxcoupon_job_free(ilp_job)
in_wx.wxcoupon_ctx_free(ilp_context)
in_wx.wxcoupon_buf_free(ilp_answer)
ilp_job = 0
ilp_context = 0
ilp_answer = 0
end subroutine

private function string of_outcome (long al_status);
// What the till does with a status: the class decides, whatever the number.
CHOOSE CASE in_wx.wxcoupon_status_class(al_status)
	CASE in_wx.WXCOUPON_CLASS_OK
		RETURN "redeemed: print the receipt"
	CASE in_wx.WXCOUPON_CLASS_MISUSE
		RETURN "the program is wrong, nothing was sent: " + of_member("message")
	CASE in_wx.WXCOUPON_CLASS_LOCAL
		RETURN "this machine is wrong, nothing was sent: " + of_member("message")
	CASE in_wx.WXCOUPON_CLASS_NOT_SENT
		RETURN "nothing took effect: try again with the same number"
	CASE in_wx.WXCOUPON_CLASS_IN_DOUBT
		RETURN "not yet known: keep the sale open and settle; never a new number"
	CASE in_wx.WXCOUPON_CLASS_REFUSED
		RETURN "refused: " + of_member("cashier")
	CASE in_wx.WXCOUPON_CLASS_BUSY
		RETURN "wait retry_after_ms, then the same number again"
	CASE ELSE
		RETURN "a defect: settle, report it: " + of_answer()
END CHOOSE
end function

private function string of_member (string as_name);
// One text of the answer. A real application hands the answer to its JSON reader instead.
long ll_first
string ls_answer

ls_answer = of_answer()
as_name = '"' + as_name + '":"'
ll_first = Pos(ls_answer, as_name)
IF ll_first = 0 THEN RETURN ""
ll_first += Len(as_name)
RETURN Mid(ls_answer, ll_first, Pos(ls_answer, '"', ll_first) - ll_first)
end function

on n_till.create
call super::create
TriggerEvent( this, "constructor" )
end on

on n_till.destroy
TriggerEvent( this, "destructor" )
call super::destroy
end on

