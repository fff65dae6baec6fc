Attribute VB_Name = "Till"
Option Explicit

' A till in Visual Basic 6: WxCoupon.bas, this module, and a form with a Timer.
'
'     Private Sub Form_Load()
'         WxLoad App.Path & "\wxcoupon.dll"
'         OpenTill App.Path & "\config.json"
'         ShowLine SettleEverything
'         Timer1.Interval = 200
'         Timer1.Enabled = False
'     End Sub
'
'     Private Sub PayButton_Click()
'         StartRedemption RedemptionOf(CouponCode.Text, "SALE_20250803_0001", TransactionId.Text)
'         Timer1.Enabled = True
'     End Sub
'
'     Private Sub Timer1_Timer()
'         Dim result As String
'         If RedemptionIsDone(result) Then
'             Timer1.Enabled = False
'             ShowLine result
'         End If
'     End Sub
'
'     Private Sub Form_Unload(Cancel As Integer)
'         Timer1.Enabled = False
'         CloseTill
'     End Sub

Private context As LongPtr
' Every call fills it anew.
Private answer As LongPtr
' The redemption that is under way; 0 is none.
Private job As LongPtr

' Opens the till once, when the program starts. The configuration is a file in UTF-8; let it name a journal_path.
Public Sub OpenTill(ByVal config_file As String)
    Dim config() As Byte
    Dim status As Long

    If wxcoupon_abi_version() <> WX_ABI_VERSION Then
        Err.Raise vbObjectError + 1, "Till", "This is another wxcoupon.dll: " & WxFromUtf8(wxcoupon_version())
    End If
    config = FileBytes(config_file)
    answer = wxcoupon_buf_new()
    status = wxcoupon_ctx_new(VarPtr(config(0)), context, answer)
    If status <> WXCOUPON_OK Then Err.Raise vbObjectError + status, "Till", WxText(answer)
End Sub

Public Sub CloseTill()
    ' A redemption that is under way is called off; the journal keeps what becomes of it.
    wxcoupon_job_free job
    wxcoupon_ctx_free context
    wxcoupon_buf_free answer
    job = 0
    context = 0
    answer = 0
End Sub

' Makes known what may have happened: when the program starts, and before the till closes.
Public Function SettleEverything() As String
    If wxcoupon_settle(context, 0, answer) = WXCOUPON_OK Then
        SettleEverything = "every redemption is known"
    Else
        wxcoupon_pending context, answer
        SettleEverything = "not yet known: " & WxText(answer)
    End If
End Function

' The members of a redemption. Keep this text with the sale before you hand it on: a repeat has to be the same.
Public Function RedemptionOf(ByVal coupon_code As String, ByVal out_request_no As String, _
    ByVal transaction_id As String) As String
    Dim json As String

    json = "{'openid':'oSandboxUser0000000000000001','product_coupon_id':'1000000013'," & _
        "'stock_id':'1000000013001','coupon_code':'@CODE','out_request_no':'@NUMBER'," & _
        "'associated_order_info':{'transaction_id':'@PAYMENT'}}"
    json = Replace(json, "'", """")
    json = Replace(json, "@CODE", coupon_code)
    json = Replace(json, "@NUMBER", out_request_no)
    RedemptionOf = Replace(json, "@PAYMENT", transaction_id)
End Function

' Redeems now. The program stands still meanwhile, up to timeout_ms.
Public Function Redeem(ByVal json As String) As String
    Dim request() As Byte

    request = WxUtf8(json)
    Redeem = Outcome(wxcoupon_use(context, VarPtr(request(0)), answer))
End Function

' Redeems in the background: start it, then ask RedemptionIsDone from the Timer.
Public Sub StartRedemption(ByVal json As String)
    Dim operation() As Byte
    Dim request() As Byte
    Dim status As Long

    If job <> 0 Then Err.Raise vbObjectError + 2, "Till", "A redemption is under way"
    operation = WxUtf8("use")
    request = WxUtf8(json)
    status = wxcoupon_start(context, VarPtr(operation(0)), VarPtr(request(0)), job)
    If status <> WXCOUPON_OK Then
        Err.Raise vbObjectError + status, "Till", WxFromUtf8(wxcoupon_status_text(status))
    End If
End Sub

' True once it is done; result then says how it ended.
Public Function RedemptionIsDone(ByRef result As String) As Boolean
    Dim status As Long

    status = wxcoupon_job_wait(job, 0, answer)
    If status = WXCOUPON_E_RUNNING Then Exit Function
    result = Outcome(status)
    wxcoupon_job_free job
    job = 0
    RedemptionIsDone = True
End Function

' The customer has left. What was already sent ends in doubt, and is settled.
Public Sub CancelRedemption()
    wxcoupon_job_cancel job
End Sub

' What the till does with a status: the class decides, whatever the number.
Private Function Outcome(ByVal status As Long) As String
    Select Case wxcoupon_status_class(status)
    Case WXCOUPON_CLASS_OK
        Outcome = "redeemed: print the receipt"
    Case WXCOUPON_CLASS_MISUSE
        Outcome = "the program is wrong, nothing was sent: " & Member("message")
    Case WXCOUPON_CLASS_LOCAL
        Outcome = "this machine is wrong, nothing was sent: " & Member("message")
    Case WXCOUPON_CLASS_NOT_SENT
        Outcome = "nothing took effect: try again with the same number"
    Case WXCOUPON_CLASS_IN_DOUBT
        Outcome = "not yet known: keep the sale open and settle; never a new number"
    Case WXCOUPON_CLASS_REFUSED
        Outcome = "refused: " & Member("cashier")
    Case WXCOUPON_CLASS_BUSY
        Outcome = "wait retry_after_ms, then the same number again"
    Case Else
        Outcome = "a defect: settle, report it: " & WxText(answer)
    End Select
End Function

' One text of the answer. A real program hands the answer to its JSON reader instead.
Private Function Member(ByVal wanted As String) As String
    Dim text As String
    Dim first As Long

    text = WxText(answer)
    wanted = """" & wanted & """:"""
    first = InStr(text, wanted)
    If first > 0 Then
        first = first + Len(wanted)
        Member = Mid$(text, first, InStr(first, text, """") - first)
    End If
End Function

' The bytes of a file, with a NUL at their end.
Private Function FileBytes(ByVal file_name As String) As Byte()
    Dim bytes() As Byte
    Dim number As Integer

    number = FreeFile
    Open file_name For Binary Access Read As #number
    ReDim bytes(0 To LOF(number) - 1)
    Get #number, , bytes
    Close #number
    ReDim Preserve bytes(0 To UBound(bytes) + 1)
    FileBytes = bytes
End Function
