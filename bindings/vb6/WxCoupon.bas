Attribute VB_Name = "WxCoupon"
Option Explicit

' WxCoupon.bas - redeem WeChat Pay product coupons from Visual Basic 6, and VBA of Office 2010 and later
'
' Add this module to the project and put wxcoupon.dll beside the program, in the program's bitness: 32 bits for
' Visual Basic 6. In the IDE the program is VB6.EXE, in Office it is EXCEL.EXE: there, call WxLoad with the
' full path first. What each function asks and answers is in wxcoupon.h.
'
' * Visual Basic knows stdcall only: every function is declared under the name of its stdcall door.
' * A text goes in as UTF-8: keep the array of WxUtf8 and hand over VarPtr(array(0)); 0 is NULL. An answer comes
'   out with WxText; WxFromUtf8 reads a text the library points to (wxcoupon_version, wxcoupon_status_text, a
'   message of the log). ByVal As String would go through the code page of Windows. Leave text_encoding out of
'   the configuration.
' * Handles are LongPtr; 0 is none. uint32_t is Long: no length or count here passes 2147483647.
' * The sink of wxcoupon_log_set is a Public Sub of a module, given by AddressOf:
'       Public Sub Sink(ByVal user_data As LongPtr, ByVal level As Long, ByVal message As LongPtr, _
'           ByVal message_len As Long)
'   It runs on the thread that is inside a call. Take it away (0) before the program ends or is stopped in the
'   IDE, and let no error leave it.
' * Visual Basic knows no case: the header's WXCOUPON_ABI_VERSION is WX_ABI_VERSION here.

' Generated from include/wxcoupon.json by make header: numbers
Public Const WX_ABI_VERSION As Long = 1
Public Const WXCOUPON_CLASS_OK As Long = 0
Public Const WXCOUPON_CLASS_MISUSE As Long = 1
Public Const WXCOUPON_CLASS_LOCAL As Long = 2
Public Const WXCOUPON_CLASS_NOT_SENT As Long = 3
Public Const WXCOUPON_CLASS_IN_DOUBT As Long = 4
Public Const WXCOUPON_CLASS_REFUSED As Long = 5
Public Const WXCOUPON_CLASS_BUSY As Long = 6
Public Const WXCOUPON_CLASS_BUG As Long = 9
Public Const WXCOUPON_OK As Long = 0
Public Const WXCOUPON_E_NULL As Long = 1001
Public Const WXCOUPON_E_HANDLE As Long = 1002
Public Const WXCOUPON_E_ENCODING As Long = 1003
Public Const WXCOUPON_E_JSON As Long = 1004
Public Const WXCOUPON_E_REQUEST As Long = 1005
Public Const WXCOUPON_E_OPERATION As Long = 1006
Public Const WXCOUPON_E_REENTRANT As Long = 1007
Public Const WXCOUPON_E_CONFIG As Long = 2001
Public Const WXCOUPON_E_KEY As Long = 2002
Public Const WXCOUPON_E_JOURNAL As Long = 2003
Public Const WXCOUPON_E_CLOCK As Long = 2004
Public Const WXCOUPON_E_CONNECT As Long = 3001
Public Const WXCOUPON_E_TLS As Long = 3002
Public Const WXCOUPON_E_TIMEOUT_UNSENT As Long = 3003
Public Const WXCOUPON_E_CANCELLED_UNSENT As Long = 3004
Public Const WXCOUPON_E_READ_FAILED As Long = 3005
Public Const WXCOUPON_E_ANSWER_TIMEOUT As Long = 4001
Public Const WXCOUPON_E_CONNECTION_LOST As Long = 4002
Public Const WXCOUPON_E_ANSWER_UNTRUSTED As Long = 4003
Public Const WXCOUPON_E_ANSWER_UNREADABLE As Long = 4004
Public Const WXCOUPON_E_SERVER As Long = 4005
Public Const WXCOUPON_E_CANCELLED_SENT As Long = 4006
Public Const WXCOUPON_E_UNRECORDED As Long = 4007
Public Const WXCOUPON_E_REFUSED As Long = 5001
Public Const WXCOUPON_E_COUPON_STATE As Long = 5002
Public Const WXCOUPON_E_NOT_FOUND As Long = 5003
Public Const WXCOUPON_E_NO_PERMISSION As Long = 5004
Public Const WXCOUPON_E_SIGN_REJECTED As Long = 5005
Public Const WXCOUPON_E_REQUEST_NO_REUSED As Long = 5006
Public Const WXCOUPON_E_NOTIFICATION_UNTRUSTED As Long = 5007
Public Const WXCOUPON_E_RATE_LIMITED As Long = 6001
Public Const WXCOUPON_E_LOCKED As Long = 6002
Public Const WXCOUPON_E_RUNNING As Long = 6003
Public Const WXCOUPON_E_PANIC As Long = 9001
Public Const WXCOUPON_E_INTERNAL As Long = 9002
Public Const WXCOUPON_LOG_OFF As Long = 0
Public Const WXCOUPON_LOG_ERROR As Long = 1
Public Const WXCOUPON_LOG_WARN As Long = 2
Public Const WXCOUPON_LOG_INFO As Long = 3
Public Const WXCOUPON_LOG_DEBUG As Long = 4
' End of numbers

Private Const CP_UTF8 As Long = 65001
Private Const WC_ERR_INVALID_CHARS As Long = &H80

#If VBA7 Then
' Generated from include/wxcoupon.json by make header: declarations of VBA
Public Declare PtrSafe Function wxcoupon_version Lib "wxcoupon.dll" Alias "wxcoupon_version_std" () As LongPtr
Public Declare PtrSafe Function wxcoupon_abi_version Lib "wxcoupon.dll" Alias "wxcoupon_abi_version_std" () As Long
Public Declare PtrSafe Function wxcoupon_status_name Lib "wxcoupon.dll" Alias "wxcoupon_status_name_std" _
    (ByVal status As Long) As LongPtr
Public Declare PtrSafe Function wxcoupon_status_text Lib "wxcoupon.dll" Alias "wxcoupon_status_text_std" _
    (ByVal status As Long) As LongPtr
Public Declare PtrSafe Function wxcoupon_status_class Lib "wxcoupon.dll" Alias "wxcoupon_status_class_std" _
    (ByVal status As Long) As Long
Public Declare PtrSafe Function wxcoupon_buf_new Lib "wxcoupon.dll" Alias "wxcoupon_buf_new_std" () As LongPtr
Public Declare PtrSafe Function wxcoupon_buf_data Lib "wxcoupon.dll" Alias "wxcoupon_buf_data_std" _
    (ByVal buf As LongPtr) As LongPtr
Public Declare PtrSafe Function wxcoupon_buf_len Lib "wxcoupon.dll" Alias "wxcoupon_buf_len_std" _
    (ByVal buf As LongPtr) As Long
Public Declare PtrSafe Function wxcoupon_buf_copy Lib "wxcoupon.dll" Alias "wxcoupon_buf_copy_std" _
    (ByVal buf As LongPtr, ByVal dst As LongPtr, ByVal cap As Long) As Long
Public Declare PtrSafe Function wxcoupon_buf_copy_utf16 Lib "wxcoupon.dll" Alias "wxcoupon_buf_copy_utf16_std" _
    (ByVal buf As LongPtr, ByVal dst As LongPtr, ByVal cap As Long) As Long
Public Declare PtrSafe Function wxcoupon_buf_status Lib "wxcoupon.dll" Alias "wxcoupon_buf_status_std" _
    (ByVal buf As LongPtr) As Long
Public Declare PtrSafe Function wxcoupon_buf_in_doubt Lib "wxcoupon.dll" Alias "wxcoupon_buf_in_doubt_std" _
    (ByVal buf As LongPtr) As Long
Public Declare PtrSafe Sub wxcoupon_buf_free Lib "wxcoupon.dll" Alias "wxcoupon_buf_free_std" (ByVal buf As LongPtr)
Public Declare PtrSafe Function wxcoupon_ctx_new Lib "wxcoupon.dll" Alias "wxcoupon_ctx_new_std" _
    (ByVal config_json As LongPtr, ByRef out_ctx As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare PtrSafe Function wxcoupon_ctx_update Lib "wxcoupon.dll" Alias "wxcoupon_ctx_update_std" _
    (ByVal ctx As LongPtr, ByVal config_json As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare PtrSafe Function wxcoupon_ctx_free Lib "wxcoupon.dll" Alias "wxcoupon_ctx_free_std" _
    (ByVal ctx As LongPtr) As Long
Public Declare PtrSafe Function wxcoupon_scan Lib "wxcoupon.dll" Alias "wxcoupon_scan_std" _
    (ByVal ctx As LongPtr, ByVal json_in As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare PtrSafe Function wxcoupon_query Lib "wxcoupon.dll" Alias "wxcoupon_query_std" _
    (ByVal ctx As LongPtr, ByVal json_in As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare PtrSafe Function wxcoupon_quote Lib "wxcoupon.dll" Alias "wxcoupon_quote_std" _
    (ByVal ctx As LongPtr, ByVal json_in As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare PtrSafe Function wxcoupon_use Lib "wxcoupon.dll" Alias "wxcoupon_use_std" _
    (ByVal ctx As LongPtr, ByVal json_in As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare PtrSafe Function wxcoupon_return Lib "wxcoupon.dll" Alias "wxcoupon_return_std" _
    (ByVal ctx As LongPtr, ByVal json_in As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare PtrSafe Function wxcoupon_list Lib "wxcoupon.dll" Alias "wxcoupon_list_std" _
    (ByVal ctx As LongPtr, ByVal json_in As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare PtrSafe Function wxcoupon_send Lib "wxcoupon.dll" Alias "wxcoupon_send_std" _
    (ByVal ctx As LongPtr, ByVal json_in As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare PtrSafe Function wxcoupon_confirm Lib "wxcoupon.dll" Alias "wxcoupon_confirm_std" _
    (ByVal ctx As LongPtr, ByVal json_in As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare PtrSafe Function wxcoupon_deactivate Lib "wxcoupon.dll" Alias "wxcoupon_deactivate_std" _
    (ByVal ctx As LongPtr, ByVal json_in As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare PtrSafe Function wxcoupon_pending Lib "wxcoupon.dll" Alias "wxcoupon_pending_std" _
    (ByVal ctx As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare PtrSafe Function wxcoupon_settle Lib "wxcoupon.dll" Alias "wxcoupon_settle_std" _
    (ByVal ctx As LongPtr, ByVal json_in As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare PtrSafe Function wxcoupon_start Lib "wxcoupon.dll" Alias "wxcoupon_start_std" _
    (ByVal ctx As LongPtr, ByVal operation As LongPtr, ByVal json_in As LongPtr, ByRef out_job As LongPtr) As Long
Public Declare PtrSafe Function wxcoupon_job_wait Lib "wxcoupon.dll" Alias "wxcoupon_job_wait_std" _
    (ByVal job As LongPtr, ByVal wait_ms As Long, ByVal out_buf As LongPtr) As Long
Public Declare PtrSafe Function wxcoupon_job_cancel Lib "wxcoupon.dll" Alias "wxcoupon_job_cancel_std" _
    (ByVal job As LongPtr) As Long
Public Declare PtrSafe Sub wxcoupon_job_free Lib "wxcoupon.dll" Alias "wxcoupon_job_free_std" (ByVal job As LongPtr)
Public Declare PtrSafe Function wxcoupon_notification_open Lib "wxcoupon.dll" Alias "wxcoupon_notification_open_std" _
    (ByVal ctx As LongPtr, ByVal headers_json As LongPtr, ByVal body As LongPtr, ByVal body_len As Long, _
    ByVal out_buf As LongPtr) As Long
Public Declare PtrSafe Function wxcoupon_call Lib "wxcoupon.dll" Alias "wxcoupon_call_std" _
    (ByVal ctx As LongPtr, ByVal operation As LongPtr, ByVal json_in As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare PtrSafe Function wxcoupon_request Lib "wxcoupon.dll" Alias "wxcoupon_request_std" _
    (ByVal ctx As LongPtr, ByVal method As LongPtr, ByVal path_and_query As LongPtr, ByVal json_body As LongPtr, _
    ByVal out_buf As LongPtr) As Long
Public Declare PtrSafe Function wxcoupon_log_set Lib "wxcoupon.dll" Alias "wxcoupon_log_set_std" _
    (ByVal sink As LongPtr, ByVal user_data As LongPtr, ByVal max_level As Long) As Long
Public Declare PtrSafe Function wxcoupon_warm Lib "wxcoupon.dll" Alias "wxcoupon_warm_std" _
    (ByVal ctx As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare PtrSafe Function wxcoupon_check Lib "wxcoupon.dll" Alias "wxcoupon_check_std" _
    (ByVal ctx As LongPtr, ByVal json_in As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare PtrSafe Function wxcoupon_stats Lib "wxcoupon.dll" Alias "wxcoupon_stats_std" _
    (ByVal ctx As LongPtr, ByVal json_in As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare PtrSafe Function wxcoupon_handles_live Lib "wxcoupon.dll" Alias "wxcoupon_handles_live_std" () As Long
' End of declarations of VBA
Private Declare PtrSafe Function LoadLibraryW Lib "kernel32" (ByVal file_name As LongPtr) As LongPtr
Private Declare PtrSafe Function MultiByteToWideChar Lib "kernel32" _
    (ByVal code_page As Long, ByVal flags As Long, ByVal bytes As LongPtr, ByVal byte_count As Long, _
    ByVal units As LongPtr, ByVal cap As Long) As Long
Private Declare PtrSafe Function WideCharToMultiByte Lib "kernel32" _
    (ByVal code_page As Long, ByVal flags As Long, ByVal units As LongPtr, ByVal unit_count As Long, _
    ByVal dst As LongPtr, ByVal cap As Long, ByVal default_char As LongPtr, ByVal used_default As LongPtr) As Long
#Else
' Visual Basic 6 has no LongPtr. An Enum is a Long, which is as wide as a pointer there.
Public Enum LongPtr
    [_]
End Enum
' Generated from include/wxcoupon.json by make header: declarations of Visual Basic 6
Public Declare Function wxcoupon_version Lib "wxcoupon.dll" Alias "wxcoupon_version_std" () As LongPtr
Public Declare Function wxcoupon_abi_version Lib "wxcoupon.dll" Alias "wxcoupon_abi_version_std" () As Long
Public Declare Function wxcoupon_status_name Lib "wxcoupon.dll" Alias "wxcoupon_status_name_std" _
    (ByVal status As Long) As LongPtr
Public Declare Function wxcoupon_status_text Lib "wxcoupon.dll" Alias "wxcoupon_status_text_std" _
    (ByVal status As Long) As LongPtr
Public Declare Function wxcoupon_status_class Lib "wxcoupon.dll" Alias "wxcoupon_status_class_std" _
    (ByVal status As Long) As Long
Public Declare Function wxcoupon_buf_new Lib "wxcoupon.dll" Alias "wxcoupon_buf_new_std" () As LongPtr
Public Declare Function wxcoupon_buf_data Lib "wxcoupon.dll" Alias "wxcoupon_buf_data_std" _
    (ByVal buf As LongPtr) As LongPtr
Public Declare Function wxcoupon_buf_len Lib "wxcoupon.dll" Alias "wxcoupon_buf_len_std" (ByVal buf As LongPtr) As Long
Public Declare Function wxcoupon_buf_copy Lib "wxcoupon.dll" Alias "wxcoupon_buf_copy_std" _
    (ByVal buf As LongPtr, ByVal dst As LongPtr, ByVal cap As Long) As Long
Public Declare Function wxcoupon_buf_copy_utf16 Lib "wxcoupon.dll" Alias "wxcoupon_buf_copy_utf16_std" _
    (ByVal buf As LongPtr, ByVal dst As LongPtr, ByVal cap As Long) As Long
Public Declare Function wxcoupon_buf_status Lib "wxcoupon.dll" Alias "wxcoupon_buf_status_std" _
    (ByVal buf As LongPtr) As Long
Public Declare Function wxcoupon_buf_in_doubt Lib "wxcoupon.dll" Alias "wxcoupon_buf_in_doubt_std" _
    (ByVal buf As LongPtr) As Long
Public Declare Sub wxcoupon_buf_free Lib "wxcoupon.dll" Alias "wxcoupon_buf_free_std" (ByVal buf As LongPtr)
Public Declare Function wxcoupon_ctx_new Lib "wxcoupon.dll" Alias "wxcoupon_ctx_new_std" _
    (ByVal config_json As LongPtr, ByRef out_ctx As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare Function wxcoupon_ctx_update Lib "wxcoupon.dll" Alias "wxcoupon_ctx_update_std" _
    (ByVal ctx As LongPtr, ByVal config_json As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare Function wxcoupon_ctx_free Lib "wxcoupon.dll" Alias "wxcoupon_ctx_free_std" _
    (ByVal ctx As LongPtr) As Long
Public Declare Function wxcoupon_scan Lib "wxcoupon.dll" Alias "wxcoupon_scan_std" _
    (ByVal ctx As LongPtr, ByVal json_in As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare Function wxcoupon_query Lib "wxcoupon.dll" Alias "wxcoupon_query_std" _
    (ByVal ctx As LongPtr, ByVal json_in As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare Function wxcoupon_quote Lib "wxcoupon.dll" Alias "wxcoupon_quote_std" _
    (ByVal ctx As LongPtr, ByVal json_in As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare Function wxcoupon_use Lib "wxcoupon.dll" Alias "wxcoupon_use_std" _
    (ByVal ctx As LongPtr, ByVal json_in As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare Function wxcoupon_return Lib "wxcoupon.dll" Alias "wxcoupon_return_std" _
    (ByVal ctx As LongPtr, ByVal json_in As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare Function wxcoupon_list Lib "wxcoupon.dll" Alias "wxcoupon_list_std" _
    (ByVal ctx As LongPtr, ByVal json_in As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare Function wxcoupon_send Lib "wxcoupon.dll" Alias "wxcoupon_send_std" _
    (ByVal ctx As LongPtr, ByVal json_in As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare Function wxcoupon_confirm Lib "wxcoupon.dll" Alias "wxcoupon_confirm_std" _
    (ByVal ctx As LongPtr, ByVal json_in As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare Function wxcoupon_deactivate Lib "wxcoupon.dll" Alias "wxcoupon_deactivate_std" _
    (ByVal ctx As LongPtr, ByVal json_in As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare Function wxcoupon_pending Lib "wxcoupon.dll" Alias "wxcoupon_pending_std" _
    (ByVal ctx As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare Function wxcoupon_settle Lib "wxcoupon.dll" Alias "wxcoupon_settle_std" _
    (ByVal ctx As LongPtr, ByVal json_in As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare Function wxcoupon_start Lib "wxcoupon.dll" Alias "wxcoupon_start_std" _
    (ByVal ctx As LongPtr, ByVal operation As LongPtr, ByVal json_in As LongPtr, ByRef out_job As LongPtr) As Long
Public Declare Function wxcoupon_job_wait Lib "wxcoupon.dll" Alias "wxcoupon_job_wait_std" _
    (ByVal job As LongPtr, ByVal wait_ms As Long, ByVal out_buf As LongPtr) As Long
Public Declare Function wxcoupon_job_cancel Lib "wxcoupon.dll" Alias "wxcoupon_job_cancel_std" _
    (ByVal job As LongPtr) As Long
Public Declare Sub wxcoupon_job_free Lib "wxcoupon.dll" Alias "wxcoupon_job_free_std" (ByVal job As LongPtr)
Public Declare Function wxcoupon_notification_open Lib "wxcoupon.dll" Alias "wxcoupon_notification_open_std" _
    (ByVal ctx As LongPtr, ByVal headers_json As LongPtr, ByVal body As LongPtr, ByVal body_len As Long, _
    ByVal out_buf As LongPtr) As Long
Public Declare Function wxcoupon_call Lib "wxcoupon.dll" Alias "wxcoupon_call_std" _
    (ByVal ctx As LongPtr, ByVal operation As LongPtr, ByVal json_in As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare Function wxcoupon_request Lib "wxcoupon.dll" Alias "wxcoupon_request_std" _
    (ByVal ctx As LongPtr, ByVal method As LongPtr, ByVal path_and_query As LongPtr, ByVal json_body As LongPtr, _
    ByVal out_buf As LongPtr) As Long
Public Declare Function wxcoupon_log_set Lib "wxcoupon.dll" Alias "wxcoupon_log_set_std" _
    (ByVal sink As LongPtr, ByVal user_data As LongPtr, ByVal max_level As Long) As Long
Public Declare Function wxcoupon_warm Lib "wxcoupon.dll" Alias "wxcoupon_warm_std" _
    (ByVal ctx As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare Function wxcoupon_check Lib "wxcoupon.dll" Alias "wxcoupon_check_std" _
    (ByVal ctx As LongPtr, ByVal json_in As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare Function wxcoupon_stats Lib "wxcoupon.dll" Alias "wxcoupon_stats_std" _
    (ByVal ctx As LongPtr, ByVal json_in As LongPtr, ByVal out_buf As LongPtr) As Long
Public Declare Function wxcoupon_handles_live Lib "wxcoupon.dll" Alias "wxcoupon_handles_live_std" () As Long
' End of declarations of Visual Basic 6
Private Declare Function LoadLibraryW Lib "kernel32" (ByVal file_name As LongPtr) As LongPtr
Private Declare Function MultiByteToWideChar Lib "kernel32" _
    (ByVal code_page As Long, ByVal flags As Long, ByVal bytes As LongPtr, ByVal byte_count As Long, _
    ByVal units As LongPtr, ByVal cap As Long) As Long
Private Declare Function WideCharToMultiByte Lib "kernel32" _
    (ByVal code_page As Long, ByVal flags As Long, ByVal units As LongPtr, ByVal unit_count As Long, _
    ByVal dst As LongPtr, ByVal cap As Long, ByVal default_char As LongPtr, ByVal used_default As LongPtr) As Long
#End If

' Loads the library from that file; the declarations then find it by its name.
Public Sub WxLoad(ByVal file_name As String)
    If LoadLibraryW(StrPtr(file_name)) = 0 Then Err.Raise 53, "WxCoupon", "Cannot load " & file_name
End Sub

' The text in UTF-8, with a NUL at its end. Half a surrogate pair, or a NUL within the text, is an error.
Public Function WxUtf8(ByVal text As String) As Byte()
    Dim bytes() As Byte
    Dim size As Long

    If InStr(1, text, vbNullChar, vbBinaryCompare) > 0 Then Err.Raise 5, "WxCoupon", "A text must not have a NUL"
    text = text & vbNullChar
    size = WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, StrPtr(text), Len(text), 0, 0, 0, 0)
    If size = 0 Then Err.Raise 5, "WxCoupon", "A text is not valid Unicode"
    ReDim bytes(0 To size - 1)
    WideCharToMultiByte CP_UTF8, WC_ERR_INVALID_CHARS, StrPtr(text), Len(text), VarPtr(bytes(0)), size, 0, 0
    WxUtf8 = bytes
End Function

' The answer in a buffer.
Public Function WxText(ByVal buf As LongPtr) As String
    Dim text As String
    Dim units As Long

    units = wxcoupon_buf_copy_utf16(buf, 0, 0)
    If units > 0 Then
        ' A String has room for one NUL more than it is long.
        text = String$(units, vbNullChar)
        wxcoupon_buf_copy_utf16 buf, StrPtr(text), units + 1
    End If
    WxText = text
End Function

' A text that the library points to: UTF-8, ended by NUL.
Public Function WxFromUtf8(ByVal pointer As LongPtr) As String
    Dim text As String
    Dim units As Long

    ' The NUL is counted.
    units = MultiByteToWideChar(CP_UTF8, 0, pointer, -1, 0, 0)
    If units > 1 Then
        text = String$(units - 1, vbNullChar)
        MultiByteToWideChar CP_UTF8, 0, pointer, -1, StrPtr(text), units
    End If
    WxFromUtf8 = text
End Function
