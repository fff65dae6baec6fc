{ WxCoupon.pas - redeem WeChat Pay product coupons from Delphi 7 and later, and Free Pascal 3

  Add this one unit to the program and put the library (wxcoupon.dll, libwxcoupon.so or libwxcoupon.dylib)
  where the system looks for libraries, or name it: WxLoad('C:\Till\wxcoupon.dll').

  What each function asks and answers is in wxcoupon.h; this unit adds nothing of its own:

  * Texts are the program's own strings, JSON in and out, converted to and from the library's UTF-8; amounts
    in them are whole fen. The configuration leaves text_encoding at "utf-8". A string before Delphi 2009 is in
    the code page of Windows, which may lack a character: Utf8Answer has every one. Free Pascal on Unix needs
    a widestring manager (unit cwstring, first in the program) to convert anything but UTF-8.
  * A call returns its answer, or raises the exception of its status's class. The exception has the answer too.
    EWxInDoubt is not a failure: keep the sale open and settle.
  * TWxContext and TWxJob are freed by their owner. A handle that is gone raises EWxMisuse.
  * Everything may be called from any thread. Calls block up to timeout_ms; Start does not.
  * Floating-point exceptions may stay unmasked, as Delphi has them: the library works with its own
    floating-point state and leaves the program's as it was. A log sink runs in the program's. }
unit WxCoupon;

{$IFDEF FPC}{$MODE DELPHI}{$H+}{$ENDIF}

interface

uses
  SysUtils{$IFDEF FPC}, DynLibs{$ELSE}{$IFDEF MSWINDOWS}, Windows{$ENDIF}{$ENDIF};

const
  { Pascal knows no case: its name must not be that of wxcoupon_abi_version. }
  { Generated from include/wxcoupon.json by make header: numbers }
  WX_ABI_VERSION = 1;
  WXCOUPON_CLASS_OK = 0;
  WXCOUPON_CLASS_MISUSE = 1;
  WXCOUPON_CLASS_LOCAL = 2;
  WXCOUPON_CLASS_NOT_SENT = 3;
  WXCOUPON_CLASS_IN_DOUBT = 4;
  WXCOUPON_CLASS_REFUSED = 5;
  WXCOUPON_CLASS_BUSY = 6;
  WXCOUPON_CLASS_BUG = 9;
  WXCOUPON_OK = 0;
  WXCOUPON_E_NULL = 1001;
  WXCOUPON_E_HANDLE = 1002;
  WXCOUPON_E_ENCODING = 1003;
  WXCOUPON_E_JSON = 1004;
  WXCOUPON_E_REQUEST = 1005;
  WXCOUPON_E_OPERATION = 1006;
  WXCOUPON_E_REENTRANT = 1007;
  WXCOUPON_E_CONFIG = 2001;
  WXCOUPON_E_KEY = 2002;
  WXCOUPON_E_JOURNAL = 2003;
  WXCOUPON_E_CLOCK = 2004;
  WXCOUPON_E_CONNECT = 3001;
  WXCOUPON_E_TLS = 3002;
  WXCOUPON_E_TIMEOUT_UNSENT = 3003;
  WXCOUPON_E_CANCELLED_UNSENT = 3004;
  WXCOUPON_E_READ_FAILED = 3005;
  WXCOUPON_E_ANSWER_TIMEOUT = 4001;
  WXCOUPON_E_CONNECTION_LOST = 4002;
  WXCOUPON_E_ANSWER_UNTRUSTED = 4003;
  WXCOUPON_E_ANSWER_UNREADABLE = 4004;
  WXCOUPON_E_SERVER = 4005;
  WXCOUPON_E_CANCELLED_SENT = 4006;
  WXCOUPON_E_UNRECORDED = 4007;
  WXCOUPON_E_REFUSED = 5001;
  WXCOUPON_E_COUPON_STATE = 5002;
  WXCOUPON_E_NOT_FOUND = 5003;
  WXCOUPON_E_NO_PERMISSION = 5004;
  WXCOUPON_E_SIGN_REJECTED = 5005;
  WXCOUPON_E_REQUEST_NO_REUSED = 5006;
  WXCOUPON_E_NOTIFICATION_UNTRUSTED = 5007;
  WXCOUPON_E_RATE_LIMITED = 6001;
  WXCOUPON_E_LOCKED = 6002;
  WXCOUPON_E_RUNNING = 6003;
  WXCOUPON_E_PANIC = 9001;
  WXCOUPON_E_INTERNAL = 9002;
  WXCOUPON_LOG_OFF = 0;
  WXCOUPON_LOG_ERROR = 1;
  WXCOUPON_LOG_WARN = 2;
  WXCOUPON_LOG_INFO = 3;
  WXCOUPON_LOG_DEBUG = 4;
  { End of numbers }

type
  { A number in the shape of a pointer: never read through it. }
  TWxHandle = Pointer;

  { Generated from include/wxcoupon.json by make header: callbacks }
  TWxLogFn = procedure(UserData: Pointer; Level: Integer; Message: PAnsiChar; MessageLen: Cardinal); cdecl;
  { End of callbacks }

  { A call that did not end as WXCOUPON_OK. Its class is the exception's type. }
  EWxCoupon = class(Exception)
  public
    Status: Integer;
    { The whole answer, with message, hint and cashier; empty where there is none. }
    Answer: string;
    Utf8Answer: UTF8String;
    { What was asked may have happened: settle it. }
    InDoubt: Boolean;
  end;
  EWxCouponClass = class of EWxCoupon;

  { The program is wrong and nothing was sent. }
  EWxMisuse = class(EWxCoupon);
  { This machine is wrong and nothing was sent, or its library cannot be loaded. }
  EWxLocal = class(EWxCoupon);
  { Nothing took effect: try again with the same number. }
  EWxNotSent = class(EWxCoupon);
  { It may have happened: keep the sale open and settle; never a new number. }
  EWxInDoubt = class(EWxCoupon);
  { WeChat Pay said no: tell the customer. }
  EWxRefused = class(EWxCoupon);
  { Not applied now: wait retry_after_ms, then the same number again. }
  EWxBusy = class(EWxCoupon);
  { A defect of the library: look at InDoubt, settle, report it. }
  EWxBug = class(EWxCoupon);

  { A call that goes on by itself. }
  TWxJob = class
  private
    FHandle: TWxHandle;
  public
    { A call that is not done goes on unattended; the journal keeps what becomes of it. }
    destructor Destroy; override;
    { True and the answer once the call is done; raises when it failed; False until then. }
    function Wait(WaitMs: Cardinal; out Answer: string): Boolean;
    { Asks for the end of the call; it may have taken effect all the same. }
    procedure Cancel;
    property Handle: TWxHandle read FHandle;
  end;

  { Keys, hosts, connections and journal of one merchant. Make one and keep it. }
  TWxContext = class
  private
    FHandle: TWxHandle;
  public
    { The configuration as JSON; its members are in wxcoupon.h. }
    constructor Create(const ConfigJson: string);
    { Waits for jobs, at most attempt_timeout_ms and a second. }
    destructor Destroy; override;
    { Frees the context now; what is called later raises EWxMisuse. }
    procedure Close;
    { New keys and settings; calls in flight keep the old ones. }
    function Update(const ConfigJson: string): string;
    function Use(const Json: string): string;
    function Query(const Json: string): string;
    function List(const Json: string): string;
    { wxcoupon_return }
    function GiveBack(const Json: string): string;
    function Send(const Json: string): string;
    function Confirm(const Json: string): string;
    function Deactivate(const Json: string): string;
    { From what a scanner gave to the coupons that can be redeemed. Nothing is redeemed. }
    function Scan(const Json: string): string;
    { What a coupon takes off a basket. No network. }
    function Quote(const Json: string): string;
    { Any operation of the product coupon's family by its name. }
    function Call(const Operation, Json: string): string;
    { Any other request of API version 3; an empty JsonBody is none. }
    function Request(const Method, PathAndQuery, JsonBody: string): string;
    { What is not known to be finished. No network. }
    function Pending: string;
    { Makes known what may have happened; an empty Json: everything that is pending. }
    function Settle(const Json: string): string;
    { Proves and opens a notification from the HTTP headers and the raw body. }
    function NotificationOpen(const HeadersJson: string; const Body; BodyLen: Cardinal): string;
    { The self-check; Json may be empty, an "online" of true talks to WeChat Pay too. }
    function Check(const Json: string): string;
    { Counters since the context was made; Json may be empty, a "format" of "prometheus" makes text for its collector. }
    function Stats(const Json: string): string;
    { Connects now, so that the next call needs no handshake. }
    function Warm: string;
    { Starts a call and returns at once; an empty Json with "settle": everything that is pending. }
    function Start(const Operation, Json: string): TWxJob;
    property Handle: TWxHandle read FHandle;
  end;

{ Loads the library, once; an empty name is the usual one. Raises EWxLocal when it is not there or is of
  another interface. TWxContext.Create does it too. }
procedure WxLoad(const FileName: string = '');

function WxVersion: string;
function WxStatusName(Status: Integer): string;
function WxStatusText(Status: Integer): string;

{ The sink gets UTF-8, on the threads that are inside calls, several at once; nil: none. Once this returns, the
  old sink is not running. No exception may leave the sink. }
procedure WxLogSet(Sink: TWxLogFn; UserData: Pointer; MaxLevel: Integer);

{ Between the program's strings and UTF-8. }
function WxToUtf8(const Text: string): UTF8String;
function WxFromUtf8(const Text: UTF8String): string;

{ The functions of wxcoupon.h, for those who prefer them; nil until WxLoad. }
var
  { Generated from include/wxcoupon.json by make header: functions }
  wxcoupon_version: function: PAnsiChar; cdecl;
  wxcoupon_abi_version: function: Integer; cdecl;
  wxcoupon_status_name: function(Status: Integer): PAnsiChar; cdecl;
  wxcoupon_status_text: function(Status: Integer): PAnsiChar; cdecl;
  wxcoupon_status_class: function(Status: Integer): Integer; cdecl;
  wxcoupon_buf_new: function: TWxHandle; cdecl;
  wxcoupon_buf_data: function(Buf: TWxHandle): PAnsiChar; cdecl;
  wxcoupon_buf_len: function(Buf: TWxHandle): Cardinal; cdecl;
  wxcoupon_buf_copy: function(Buf: TWxHandle; Dst: PAnsiChar; Cap: Cardinal): Cardinal; cdecl;
  wxcoupon_buf_copy_utf16: function(Buf: TWxHandle; Dst: PWideChar; Cap: Cardinal): Cardinal; cdecl;
  wxcoupon_buf_status: function(Buf: TWxHandle): Integer; cdecl;
  wxcoupon_buf_in_doubt: function(Buf: TWxHandle): Integer; cdecl;
  wxcoupon_buf_free: procedure(Buf: TWxHandle); cdecl;
  wxcoupon_ctx_new: function(ConfigJson: PAnsiChar; var OutCtx: TWxHandle; OutBuf: TWxHandle): Integer; cdecl;
  wxcoupon_ctx_update: function(Ctx: TWxHandle; ConfigJson: PAnsiChar; OutBuf: TWxHandle): Integer; cdecl;
  wxcoupon_ctx_free: function(Ctx: TWxHandle): Integer; cdecl;
  wxcoupon_scan: function(Ctx: TWxHandle; JsonIn: PAnsiChar; OutBuf: TWxHandle): Integer; cdecl;
  wxcoupon_query: function(Ctx: TWxHandle; JsonIn: PAnsiChar; OutBuf: TWxHandle): Integer; cdecl;
  wxcoupon_quote: function(Ctx: TWxHandle; JsonIn: PAnsiChar; OutBuf: TWxHandle): Integer; cdecl;
  wxcoupon_use: function(Ctx: TWxHandle; JsonIn: PAnsiChar; OutBuf: TWxHandle): Integer; cdecl;
  wxcoupon_return: function(Ctx: TWxHandle; JsonIn: PAnsiChar; OutBuf: TWxHandle): Integer; cdecl;
  wxcoupon_list: function(Ctx: TWxHandle; JsonIn: PAnsiChar; OutBuf: TWxHandle): Integer; cdecl;
  wxcoupon_send: function(Ctx: TWxHandle; JsonIn: PAnsiChar; OutBuf: TWxHandle): Integer; cdecl;
  wxcoupon_confirm: function(Ctx: TWxHandle; JsonIn: PAnsiChar; OutBuf: TWxHandle): Integer; cdecl;
  wxcoupon_deactivate: function(Ctx: TWxHandle; JsonIn: PAnsiChar; OutBuf: TWxHandle): Integer; cdecl;
  wxcoupon_pending: function(Ctx: TWxHandle; OutBuf: TWxHandle): Integer; cdecl;
  wxcoupon_settle: function(Ctx: TWxHandle; JsonIn: PAnsiChar; OutBuf: TWxHandle): Integer; cdecl;
  wxcoupon_start: function(
      Ctx: TWxHandle; Operation: PAnsiChar; JsonIn: PAnsiChar; var OutJob: TWxHandle): Integer; cdecl;
  wxcoupon_job_wait: function(Job: TWxHandle; WaitMs: Cardinal; OutBuf: TWxHandle): Integer; cdecl;
  wxcoupon_job_cancel: function(Job: TWxHandle): Integer; cdecl;
  wxcoupon_job_free: procedure(Job: TWxHandle); cdecl;
  wxcoupon_notification_open: function(
      Ctx: TWxHandle; HeadersJson: PAnsiChar; Body: Pointer; BodyLen: Cardinal; OutBuf: TWxHandle): Integer; cdecl;
  wxcoupon_call: function(Ctx: TWxHandle; Operation: PAnsiChar; JsonIn: PAnsiChar; OutBuf: TWxHandle): Integer; cdecl;
  wxcoupon_request: function(
      Ctx: TWxHandle; Method: PAnsiChar; PathAndQuery: PAnsiChar; JsonBody: PAnsiChar; OutBuf: TWxHandle): Integer; cdecl;
  wxcoupon_log_set: function(Sink: TWxLogFn; UserData: Pointer; MaxLevel: Integer): Integer; cdecl;
  wxcoupon_warm: function(Ctx: TWxHandle; OutBuf: TWxHandle): Integer; cdecl;
  wxcoupon_check: function(Ctx: TWxHandle; JsonIn: PAnsiChar; OutBuf: TWxHandle): Integer; cdecl;
  wxcoupon_stats: function(Ctx: TWxHandle; JsonIn: PAnsiChar; OutBuf: TWxHandle): Integer; cdecl;
  wxcoupon_handles_live: function: Cardinal; cdecl;
  { End of functions }

implementation

const
{$IFDEF MSWINDOWS}
  UsualName = 'wxcoupon.dll';
{$ELSE}{$IFDEF DARWIN}
  UsualName = 'libwxcoupon.dylib';
{$ELSE}
  UsualName = 'libwxcoupon.so';
{$ENDIF}{$ENDIF}

type
  TOneText = function(Ctx: TWxHandle; JsonIn: PAnsiChar; OutBuf: TWxHandle): Integer; cdecl;

var
  Loaded: {$IFDEF FPC}TLibHandle{$ELSE}HMODULE{$ENDIF} = 0;

function WxToUtf8(const Text: string): UTF8String;
begin
{$IFDEF FPC}
  Result := UTF8String(Text);
{$ELSE}
  Result := UTF8Encode(Text);
{$ENDIF}
end;

function WxFromUtf8(const Text: UTF8String): string;
begin
{$IFDEF FPC}
  Result := string(Text);
{$ELSE}{$IFDEF UNICODE}
  Result := UTF8ToString(Text);
{$ELSE}
  Result := UTF8Decode(Text);
{$ENDIF}{$ENDIF}
end;

function NotLoaded(const Why: string): EWxLocal;
begin
  Result := EWxLocal.Create(Why);
  Result.Status := WXCOUPON_E_CONFIG;
end;

function Need(const Name: AnsiString): Pointer;
begin
{$IFDEF FPC}
  Result := GetProcedureAddress(Loaded, Name);
{$ELSE}
  Result := GetProcAddress(Loaded, {$IFDEF MSWINDOWS}PAnsiChar(Name){$ELSE}PChar(string(Name)){$ENDIF});
{$ENDIF}
  if Result = nil then
    raise NotLoaded('the wxcoupon library has no ' + string(Name));
end;

procedure Bind;
begin
  { Generated from include/wxcoupon.json by make header: binding }
  @wxcoupon_version := Need('wxcoupon_version');
  @wxcoupon_abi_version := Need('wxcoupon_abi_version');
  @wxcoupon_status_name := Need('wxcoupon_status_name');
  @wxcoupon_status_text := Need('wxcoupon_status_text');
  @wxcoupon_status_class := Need('wxcoupon_status_class');
  @wxcoupon_buf_new := Need('wxcoupon_buf_new');
  @wxcoupon_buf_data := Need('wxcoupon_buf_data');
  @wxcoupon_buf_len := Need('wxcoupon_buf_len');
  @wxcoupon_buf_copy := Need('wxcoupon_buf_copy');
  @wxcoupon_buf_copy_utf16 := Need('wxcoupon_buf_copy_utf16');
  @wxcoupon_buf_status := Need('wxcoupon_buf_status');
  @wxcoupon_buf_in_doubt := Need('wxcoupon_buf_in_doubt');
  @wxcoupon_buf_free := Need('wxcoupon_buf_free');
  @wxcoupon_ctx_new := Need('wxcoupon_ctx_new');
  @wxcoupon_ctx_update := Need('wxcoupon_ctx_update');
  @wxcoupon_ctx_free := Need('wxcoupon_ctx_free');
  @wxcoupon_scan := Need('wxcoupon_scan');
  @wxcoupon_query := Need('wxcoupon_query');
  @wxcoupon_quote := Need('wxcoupon_quote');
  @wxcoupon_use := Need('wxcoupon_use');
  @wxcoupon_return := Need('wxcoupon_return');
  @wxcoupon_list := Need('wxcoupon_list');
  @wxcoupon_send := Need('wxcoupon_send');
  @wxcoupon_confirm := Need('wxcoupon_confirm');
  @wxcoupon_deactivate := Need('wxcoupon_deactivate');
  @wxcoupon_pending := Need('wxcoupon_pending');
  @wxcoupon_settle := Need('wxcoupon_settle');
  @wxcoupon_start := Need('wxcoupon_start');
  @wxcoupon_job_wait := Need('wxcoupon_job_wait');
  @wxcoupon_job_cancel := Need('wxcoupon_job_cancel');
  @wxcoupon_job_free := Need('wxcoupon_job_free');
  @wxcoupon_notification_open := Need('wxcoupon_notification_open');
  @wxcoupon_call := Need('wxcoupon_call');
  @wxcoupon_request := Need('wxcoupon_request');
  @wxcoupon_log_set := Need('wxcoupon_log_set');
  @wxcoupon_warm := Need('wxcoupon_warm');
  @wxcoupon_check := Need('wxcoupon_check');
  @wxcoupon_stats := Need('wxcoupon_stats');
  @wxcoupon_handles_live := Need('wxcoupon_handles_live');
  { End of binding }
end;

procedure WxLoad(const FileName: string);
var
  Name: string;
begin
  if Loaded <> 0 then
    Exit;
  Name := FileName;
  if Name = '' then
    Name := UsualName;
  Loaded := SafeLoadLibrary(Name);
  if Loaded = 0 then
    raise NotLoaded('cannot load ' + Name);
  try
    Bind;
    if wxcoupon_abi_version() <> WX_ABI_VERSION then
      raise NotLoaded(Name + ' is of another interface than this unit');
  except
    FreeLibrary(Loaded);
    Loaded := 0;
    raise;
  end;
end;

function WxVersion: string;
begin
  WxLoad;
  Result := string(AnsiString(wxcoupon_version()));
end;

function WxStatusName(Status: Integer): string;
begin
  WxLoad;
  Result := string(AnsiString(wxcoupon_status_name(Status)));
end;

function WxStatusText(Status: Integer): string;
begin
  WxLoad;
  Result := string(AnsiString(wxcoupon_status_text(Status)));
end;

procedure Fail(Status: Integer; const Utf8Answer: UTF8String; InDoubt: Boolean);
var
  Kind: EWxCouponClass;
  Error: EWxCoupon;
begin
  case wxcoupon_status_class(Status) of
    WXCOUPON_CLASS_MISUSE: Kind := EWxMisuse;
    WXCOUPON_CLASS_LOCAL: Kind := EWxLocal;
    WXCOUPON_CLASS_NOT_SENT: Kind := EWxNotSent;
    WXCOUPON_CLASS_IN_DOUBT: Kind := EWxInDoubt;
    WXCOUPON_CLASS_REFUSED: Kind := EWxRefused;
    WXCOUPON_CLASS_BUSY: Kind := EWxBusy;
  else
    Kind := EWxBug;
  end;
  Error := Kind.Create(WxStatusName(Status) + ': ' + WxStatusText(Status));
  Error.Status := Status;
  Error.Utf8Answer := Utf8Answer;
  Error.Answer := WxFromUtf8(Utf8Answer);
  Error.InDoubt := InDoubt;
  raise Error;
end;

procedure WxLogSet(Sink: TWxLogFn; UserData: Pointer; MaxLevel: Integer);
var
  Status: Integer;
begin
  WxLoad;
  Status := wxcoupon_log_set(Sink, UserData, MaxLevel);
  if Status <> WXCOUPON_OK then
    Fail(Status, '', False);
end;

function TextOf(Buf: TWxHandle): UTF8String;
var
  Length: Cardinal;
begin
  Length := wxcoupon_buf_len(Buf);
  SetLength(Result, Length);
  if Length > 0 then
    wxcoupon_buf_copy(Buf, PAnsiChar(Result), Length + 1);
end;

{ The answer of a call that has ended with that status; frees the buffer. }
function Answered(Status: Integer; Buf: TWxHandle): string;
var
  Text: UTF8String;
  InDoubt: Boolean;
begin
  try
    Text := TextOf(Buf);
    InDoubt := wxcoupon_buf_in_doubt(Buf) = 1;
  finally
    wxcoupon_buf_free(Buf);
  end;
  if Status <> WXCOUPON_OK then
    Fail(Status, Text, InDoubt);
  Result := WxFromUtf8(Text);
end;

{ nil for an empty text, where the library takes one. }
function OrNil(const Text: UTF8String): PAnsiChar;
begin
  Result := nil;
  if Text <> '' then
    Result := PAnsiChar(Text);
end;

function Ask(Fn: TOneText; Ctx: TWxHandle; const Json: string): string;
var
  Buf: TWxHandle;
begin
  Buf := wxcoupon_buf_new();
  Result := Answered(Fn(Ctx, PAnsiChar(WxToUtf8(Json)), Buf), Buf);
end;

function AskOrNil(Fn: TOneText; Ctx: TWxHandle; const Json: string): string;
var
  Buf: TWxHandle;
begin
  Buf := wxcoupon_buf_new();
  Result := Answered(Fn(Ctx, OrNil(WxToUtf8(Json)), Buf), Buf);
end;

constructor TWxContext.Create(const ConfigJson: string);
var
  Buf: TWxHandle;
begin
  inherited Create;
  WxLoad;
  Buf := wxcoupon_buf_new();
  Answered(wxcoupon_ctx_new(PAnsiChar(WxToUtf8(ConfigJson)), FHandle, Buf), Buf);
end;

destructor TWxContext.Destroy;
begin
  Close;
  inherited Destroy;
end;

procedure TWxContext.Close;
begin
  if FHandle <> nil then
    wxcoupon_ctx_free(FHandle);
  { FHandle stays: a call that comes later finds it gone. }
end;

function TWxContext.Use(const Json: string): string;
begin
  Result := Ask(wxcoupon_use, FHandle, Json);
end;

function TWxContext.Query(const Json: string): string;
begin
  Result := Ask(wxcoupon_query, FHandle, Json);
end;

function TWxContext.List(const Json: string): string;
begin
  Result := Ask(wxcoupon_list, FHandle, Json);
end;

function TWxContext.GiveBack(const Json: string): string;
begin
  Result := Ask(wxcoupon_return, FHandle, Json);
end;

function TWxContext.Send(const Json: string): string;
begin
  Result := Ask(wxcoupon_send, FHandle, Json);
end;

function TWxContext.Confirm(const Json: string): string;
begin
  Result := Ask(wxcoupon_confirm, FHandle, Json);
end;

function TWxContext.Deactivate(const Json: string): string;
begin
  Result := Ask(wxcoupon_deactivate, FHandle, Json);
end;

function TWxContext.Scan(const Json: string): string;
begin
  Result := Ask(wxcoupon_scan, FHandle, Json);
end;

function TWxContext.Quote(const Json: string): string;
begin
  Result := Ask(wxcoupon_quote, FHandle, Json);
end;

function TWxContext.Settle(const Json: string): string;
begin
  Result := AskOrNil(wxcoupon_settle, FHandle, Json);
end;

function TWxContext.Check(const Json: string): string;
begin
  Result := AskOrNil(wxcoupon_check, FHandle, Json);
end;

function TWxContext.Stats(const Json: string): string;
begin
  Result := AskOrNil(wxcoupon_stats, FHandle, Json);
end;

function TWxContext.Update(const ConfigJson: string): string;
begin
  Result := Ask(wxcoupon_ctx_update, FHandle, ConfigJson);
end;

function TWxContext.Call(const Operation, Json: string): string;
var
  Buf: TWxHandle;
begin
  Buf := wxcoupon_buf_new();
  Result := Answered(
    wxcoupon_call(FHandle, PAnsiChar(WxToUtf8(Operation)), PAnsiChar(WxToUtf8(Json)), Buf), Buf);
end;

function TWxContext.Request(const Method, PathAndQuery, JsonBody: string): string;
var
  Buf: TWxHandle;
begin
  Buf := wxcoupon_buf_new();
  Result := Answered(
    wxcoupon_request(FHandle, PAnsiChar(WxToUtf8(Method)), PAnsiChar(WxToUtf8(PathAndQuery)),
      OrNil(WxToUtf8(JsonBody)), Buf), Buf);
end;

function TWxContext.Pending: string;
var
  Buf: TWxHandle;
begin
  Buf := wxcoupon_buf_new();
  Result := Answered(wxcoupon_pending(FHandle, Buf), Buf);
end;

function TWxContext.NotificationOpen(const HeadersJson: string; const Body; BodyLen: Cardinal): string;
var
  Buf: TWxHandle;
begin
  Buf := wxcoupon_buf_new();
  Result := Answered(
    wxcoupon_notification_open(FHandle, PAnsiChar(WxToUtf8(HeadersJson)), @Body, BodyLen, Buf), Buf);
end;

function TWxContext.Warm: string;
var
  Buf: TWxHandle;
begin
  Buf := wxcoupon_buf_new();
  Result := Answered(wxcoupon_warm(FHandle, Buf), Buf);
end;

function TWxContext.Start(const Operation, Json: string): TWxJob;
var
  Job: TWxHandle;
  Status: Integer;
begin
  Status := wxcoupon_start(FHandle, PAnsiChar(WxToUtf8(Operation)), OrNil(WxToUtf8(Json)), Job);
  if Status <> WXCOUPON_OK then
    Fail(Status, '', False);
  Result := TWxJob.Create;
  Result.FHandle := Job;
end;

destructor TWxJob.Destroy;
begin
  if FHandle <> nil then
    wxcoupon_job_free(FHandle);
  inherited Destroy;
end;

function TWxJob.Wait(WaitMs: Cardinal; out Answer: string): Boolean;
var
  Buf: TWxHandle;
  Status: Integer;
begin
  Answer := '';
  Buf := wxcoupon_buf_new();
  Status := wxcoupon_job_wait(FHandle, WaitMs, Buf);
  Result := Status <> WXCOUPON_E_RUNNING;
  if Result then
    Answer := Answered(Status, Buf)
  else
    wxcoupon_buf_free(Buf);
end;

procedure TWxJob.Cancel;
var
  Status: Integer;
begin
  Status := wxcoupon_job_cancel(FHandle);
  if Status <> WXCOUPON_OK then
    Fail(Status, '', False);
end;

end.
