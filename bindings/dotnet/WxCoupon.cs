// WxCoupon.cs - redeem WeChat Pay product coupons from .NET
//
// Add this one file to the program and put the library (wxcoupon.dll, libwxcoupon.so or libwxcoupon.dylib) beside it.
// C# 5, .NET Framework 4.5 and later, .NET Core, Mono.
//
// What each function asks and answers is in wxcoupon.h; this file adds nothing of its own:
//
// * Texts are .NET strings, JSON in and out; amounts in them are whole fen. The configuration leaves
//   text_encoding at "utf-8".
// * A call returns its answer, or throws the exception of its status's class. The exception has the answer too.
//   InDoubtException is not a failure: keep the sale open and settle.
// * Context and Job are disposed by their owner. A disposed one throws ObjectDisposedException. A call that is
//   running when its context is disposed finishes.
// * Everything may be called from any thread, on any object. Calls block up to timeout_ms; StartAsync does not.
//
// In this order: numbers, exceptions, Library, Log, Context, Job; then what programs do not see: texts and
// answers at the boundary, handles, and the functions of wxcoupon.h.
using System;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Win32.SafeHandles;

namespace WxCoupon
{
    /// <summary>Every status that this version knows. Later versions may add some: act by the class.</summary>
    public static class Status
    {
        // Generated from include/wxcoupon.json by make header: statuses
        public const int Ok = 0;
        public const int Null = 1001;
        public const int Handle = 1002;
        public const int Encoding = 1003;
        public const int Json = 1004;
        public const int Request = 1005;
        public const int Operation = 1006;
        public const int Reentrant = 1007;
        public const int Config = 2001;
        public const int Key = 2002;
        public const int Journal = 2003;
        public const int Clock = 2004;
        public const int Connect = 3001;
        public const int Tls = 3002;
        public const int TimeoutUnsent = 3003;
        public const int CancelledUnsent = 3004;
        public const int ReadFailed = 3005;
        public const int AnswerTimeout = 4001;
        public const int ConnectionLost = 4002;
        public const int AnswerUntrusted = 4003;
        public const int AnswerUnreadable = 4004;
        public const int Server = 4005;
        public const int CancelledSent = 4006;
        public const int Unrecorded = 4007;
        public const int Refused = 5001;
        public const int CouponState = 5002;
        public const int NotFound = 5003;
        public const int NoPermission = 5004;
        public const int SignRejected = 5005;
        public const int RequestNoReused = 5006;
        public const int NotificationUntrusted = 5007;
        public const int RateLimited = 6001;
        public const int Locked = 6002;
        public const int Running = 6003;
        public const int Panic = 9001;
        public const int Internal = 9002;
        // End of statuses
    }

    /// <summary>status / 1000: what the till does.</summary>
    public static class StatusClass
    {
        // Generated from include/wxcoupon.json by make header: classes
        public const int Ok = 0;
        public const int Misuse = 1;
        public const int Local = 2;
        public const int NotSent = 3;
        public const int InDoubt = 4;
        public const int Refused = 5;
        public const int Busy = 6;
        public const int Bug = 9;
        // End of classes
    }

    /// <summary>The most detailed messages that a log gets.</summary>
    public static class LogLevel
    {
        // Generated from include/wxcoupon.json by make header: log levels
        public const int Off = 0;
        public const int Error = 1;
        public const int Warn = 2;
        public const int Info = 3;
        public const int Debug = 4;
        // End of log levels
    }

    /// <summary>A call that did not end as WXCOUPON_OK. Its class is the exception's type.</summary>
    public class WxCouponException : Exception
    {
        /// <summary>One of <see cref="Status"/>, or one that this version does not know.</summary>
        public int Status { get; private set; }

        /// <summary>The whole answer as JSON, with message, hint and cashier; "" where there is none.</summary>
        public string Answer { get; private set; }

        /// <summary>What was asked may have happened: settle it.</summary>
        public bool InDoubt { get; private set; }

        internal WxCouponException(int status, string answer, bool inDoubt)
            : base(Library.StatusName(status) + ": " + Library.StatusText(status))
        {
            Status = status;
            Answer = answer;
            InDoubt = inDoubt;
        }

        internal static WxCouponException Of(int status, string answer, bool inDoubt)
        {
            switch (Library.StatusClass(status))
            {
                case StatusClass.Misuse: return new MisuseException(status, answer, inDoubt);
                case StatusClass.Local: return new LocalException(status, answer, inDoubt);
                case StatusClass.NotSent: return new NotSentException(status, answer, inDoubt);
                case StatusClass.InDoubt: return new InDoubtException(status, answer, inDoubt);
                case StatusClass.Refused: return new RefusedException(status, answer, inDoubt);
                case StatusClass.Busy: return new BusyException(status, answer, inDoubt);
                default: return new BugException(status, answer, inDoubt);
            }
        }
    }

    /// <summary>The program is wrong and nothing was sent.</summary>
    public sealed class MisuseException : WxCouponException
    {
        internal MisuseException(int status, string answer, bool inDoubt) : base(status, answer, inDoubt) { }
    }

    /// <summary>This machine is wrong and nothing was sent.</summary>
    public sealed class LocalException : WxCouponException
    {
        internal LocalException(int status, string answer, bool inDoubt) : base(status, answer, inDoubt) { }
    }

    /// <summary>Nothing took effect: try again with the same number.</summary>
    public sealed class NotSentException : WxCouponException
    {
        internal NotSentException(int status, string answer, bool inDoubt) : base(status, answer, inDoubt) { }
    }

    /// <summary>It may have happened: keep the sale open and settle; never a new number.</summary>
    public sealed class InDoubtException : WxCouponException
    {
        internal InDoubtException(int status, string answer, bool inDoubt) : base(status, answer, inDoubt) { }
    }

    /// <summary>WeChat Pay said no: tell the customer.</summary>
    public sealed class RefusedException : WxCouponException
    {
        internal RefusedException(int status, string answer, bool inDoubt) : base(status, answer, inDoubt) { }
    }

    /// <summary>Not applied now: wait retry_after_ms, then the same number again.</summary>
    public sealed class BusyException : WxCouponException
    {
        internal BusyException(int status, string answer, bool inDoubt) : base(status, answer, inDoubt) { }
    }

    /// <summary>A defect of the library: look at InDoubt, settle, report it.</summary>
    public sealed class BugException : WxCouponException
    {
        internal BugException(int status, string answer, bool inDoubt) : base(status, answer, inDoubt) { }
    }

    /// <summary>What belongs to no context.</summary>
    public static class Library
    {
        // Generated from include/wxcoupon.json by make header: ABI version
        /// <summary>The binary interface that this file was written for.</summary>
        public const int AbiVersion = 1;
        // End of ABI version

        /// <summary>Called first: throws when the library that was found is of another interface.</summary>
        public static void Check()
        {
            int found = Native.wxcoupon_abi_version();
            if (found != AbiVersion)
                throw new NotSupportedException("the wxcoupon library has interface " + found + ", not " + AbiVersion);
        }

        public static string Version { get { return Ascii(Native.wxcoupon_version()); } }

        /// <summary>Handles of all kinds alive in this process, for tests.</summary>
        public static uint HandlesLive { get { return Native.wxcoupon_handles_live(); } }

        public static string StatusName(int status) { return Ascii(Native.wxcoupon_status_name(status)); }

        public static string StatusText(int status) { return Ascii(Native.wxcoupon_status_text(status)); }

        public static int StatusClass(int status) { return Native.wxcoupon_status_class(status); }

        static string Ascii(IntPtr constant) { return Marshal.PtrToStringAnsi(constant); }
    }

    /// <summary>Where the library's messages go; one sink for the whole process.</summary>
    public static class Log
    {
        // One delegate for as long as the process lives: native code never calls one that was collected.
        static readonly Native.LogSink Forward = Pass;
        static Action<int, string> current;

        /// <summary>
        /// The sink gets level and message, on the threads that are inside calls, several at once. Null: none.
        /// Once this returns, the old sink is not running. What the sink throws is dropped: an exception must
        /// not cross the library. Set null before an application domain is unloaded.
        /// </summary>
        public static void Set(Action<int, string> sink, int maxLevel)
        {
            Action<int, string> before = Interlocked.Exchange(ref current, sink);
            int status = Native.wxcoupon_log_set(sink == null ? null : Forward, IntPtr.Zero, maxLevel);
            if (status == Status.Ok)
                return;
            Interlocked.Exchange(ref current, before);
            throw WxCouponException.Of(status, "", false);
        }

        static void Pass(IntPtr userData, int level, IntPtr message, uint messageLen)
        {
            try
            {
                byte[] bytes = new byte[messageLen];
                Marshal.Copy(message, bytes, 0, bytes.Length);
                Action<int, string> sink = Volatile.Read(ref current);
                if (sink != null)
                    sink(level, Encoding.UTF8.GetString(bytes));
            }
            catch (Exception)
            {
            }
        }
    }

    /// <summary>Keys, hosts, connections and journal of one merchant. Make one and keep it.</summary>
    public sealed class Context : IDisposable
    {
        readonly ContextHandle handle;

        /// <param name="configJson">the configuration as JSON; its members are in wxcoupon.h</param>
        public Context(string configJson)
        {
            byte[] config = Text.In(configJson, "configJson");
            ContextHandle made = null;
            Answered.By(buf => Native.wxcoupon_ctx_new(config, out made, buf));
            handle = made;
        }

        /// <summary>New keys and settings; calls in flight keep the old ones.</summary>
        public string Update(string configJson)
        {
            byte[] config = Text.In(configJson, "configJson");
            return Answered.By(buf => Native.wxcoupon_ctx_update(handle, config, buf));
        }

        public string Use(string json) { return Ask((ctx, input, buf) => Native.wxcoupon_use(ctx, input, buf), json); }

        public string Query(string json) { return Ask((ctx, input, buf) => Native.wxcoupon_query(ctx, input, buf), json); }

        public string List(string json) { return Ask((ctx, input, buf) => Native.wxcoupon_list(ctx, input, buf), json); }

        public string Return(string json) { return Ask((ctx, input, buf) => Native.wxcoupon_return(ctx, input, buf), json); }

        public string Send(string json) { return Ask((ctx, input, buf) => Native.wxcoupon_send(ctx, input, buf), json); }

        public string Confirm(string json) { return Ask((ctx, input, buf) => Native.wxcoupon_confirm(ctx, input, buf), json); }

        public string Deactivate(string json) { return Ask((ctx, input, buf) => Native.wxcoupon_deactivate(ctx, input, buf), json); }

        /// <summary>From what a scanner gave to the coupons that can be redeemed. Nothing is redeemed.</summary>
        public string Scan(string json) { return Ask((ctx, input, buf) => Native.wxcoupon_scan(ctx, input, buf), json); }

        /// <summary>What a coupon takes off a basket. No network.</summary>
        public string Quote(string json) { return Ask((ctx, input, buf) => Native.wxcoupon_quote(ctx, input, buf), json); }

        /// <summary>Any operation of the product coupon's family by its name.</summary>
        public string Call(string operation, string json)
        {
            byte[] name = Text.In(operation, "operation"), input = Text.In(json, "json");
            return Answered.By(buf => Native.wxcoupon_call(handle, name, input, buf));
        }

        /// <summary>Any other request of API version 3; jsonBody may be null.</summary>
        public string Request(string method, string pathAndQuery, string jsonBody)
        {
            byte[] verb = Text.In(method, "method"), path = Text.In(pathAndQuery, "pathAndQuery");
            byte[] body = Text.In(jsonBody, "jsonBody");
            return Answered.By(buf => Native.wxcoupon_request(handle, verb, path, body, buf));
        }

        /// <summary>What is not known to be finished. No network.</summary>
        public string Pending() { return Answered.By(buf => Native.wxcoupon_pending(handle, buf)); }

        /// <summary>Makes known what may have happened; null: everything that is pending.</summary>
        public string Settle(string json) { return Ask((ctx, input, buf) => Native.wxcoupon_settle(ctx, input, buf), json); }

        /// <summary>Proves and opens a notification from the HTTP headers and the raw body.</summary>
        public string NotificationOpen(string headersJson, byte[] body)
        {
            byte[] headers = Text.In(headersJson, "headersJson");
            uint length = body == null ? 0 : (uint)body.Length;
            return Answered.By(buf => Native.wxcoupon_notification_open(handle, headers, body, length, buf));
        }

        /// <summary>The self-check; json may be null, {"online":true} talks to WeChat Pay too.</summary>
        public string Check(string json) { return Ask((ctx, input, buf) => Native.wxcoupon_check(ctx, input, buf), json); }

        /// <summary>Counters since the context was made; json may be null, {"format":"prometheus"} makes text for its file collector.</summary>
        public string Stats(string json) { return Ask((ctx, input, buf) => Native.wxcoupon_stats(ctx, input, buf), json); }

        /// <summary>Connects now, so that the next call needs no handshake.</summary>
        public string Warm() { return Answered.By(buf => Native.wxcoupon_warm(handle, buf)); }

        /// <summary>Starts a call and returns at once.</summary>
        public Job Start(string operation, string json)
        {
            byte[] name = Text.In(operation, "operation"), input = Text.In(json, "json");
            JobHandle job;
            int status = Native.wxcoupon_start(handle, name, input, out job);
            if (status != Status.Ok)
                throw WxCouponException.Of(status, "", false);
            return new Job(job);
        }

        /// <summary>
        /// Starts a call as a task. Cancelling calls the job off, and what became of it decides: the task is
        /// cancelled only if nothing was sent; else it ends as InDoubtException, or as the call did.
        /// </summary>
        public async Task<string> StartAsync(string operation, string json, CancellationToken cancel)
        {
            cancel.ThrowIfCancellationRequested();
            using (Job job = Start(operation, json))
            using (cancel.Register(job.Cancel))
            {
                string answer;
                for (int pause = 2; !job.Wait(0, out answer, cancel); pause = Math.Min(pause * 2, 50))
                    await Task.Delay(pause).ConfigureAwait(false);
                return answer;
            }
        }

        /// <summary>Frees the context. It waits for jobs, at most attempt_timeout_ms and a second.</summary>
        public void Dispose() { handle.Dispose(); }

        string Ask(Func<ContextHandle, byte[], BufferHandle, int> function, string json)
        {
            byte[] input = Text.In(json, "json");
            return Answered.By(buf => function(handle, input, buf));
        }
    }

    /// <summary>A call that goes on by itself.</summary>
    public sealed class Job : IDisposable
    {
        readonly JobHandle handle;

        internal Job(JobHandle handle) { this.handle = handle; }

        /// <summary>True and the answer once the call is done; throws when it failed; false until then.</summary>
        public bool Wait(uint waitMs, out string answer) { return Wait(waitMs, out answer, CancellationToken.None); }

        /// <summary>Asks for the end of the call; it may have taken effect all the same.</summary>
        public void Cancel()
        {
            int status = Native.wxcoupon_job_cancel(handle);
            if (status != Status.Ok)
                throw WxCouponException.Of(status, "", false);
        }

        /// <summary>A call that is not done goes on unattended; the journal keeps what becomes of it.</summary>
        public void Dispose() { handle.Dispose(); }

        internal bool Wait(uint waitMs, out string answer, CancellationToken cancel)
        {
            try
            {
                answer = Answered.By(buf => Native.wxcoupon_job_wait(handle, waitMs, buf));
                return true;
            }
            catch (BusyException running)
            {
                if (running.Status != Status.Running)
                    throw;
                answer = null;
                return false;
            }
            catch (NotSentException unsent)
            {
                if (unsent.Status == Status.CancelledUnsent && cancel.IsCancellationRequested)
                    throw new OperationCanceledException(unsent.Message, unsent, cancel);
                throw;
            }
        }
    }

    static class Text
    {
        // Half a surrogate pair is refused here, not turned into another character.
        static readonly UTF8Encoding Strict = new UTF8Encoding(false, true);

        internal static byte[] In(string text, string argument)
        {
            if (text == null)
                return null;
            // The library would take it for the end, and the rest would be lost.
            if (text.IndexOf('\0') >= 0)
                throw new ArgumentException("the text has a NUL in it", argument);
            byte[] bytes = new byte[Strict.GetByteCount(text) + 1];
            Strict.GetBytes(text, 0, text.Length, bytes, 0);
            return bytes;
        }
    }

    static class Answered
    {
        internal static string By(Func<BufferHandle, int> call)
        {
            using (BufferHandle buf = Native.wxcoupon_buf_new())
            {
                int status = call(buf);
                char[] text = new char[Native.wxcoupon_buf_copy_utf16(buf, null, 0) + 1];
                Native.wxcoupon_buf_copy_utf16(buf, text, (uint)text.Length);
                string answer = new string(text, 0, text.Length - 1);
                if (status == Status.Ok)
                    return answer;
                throw WxCouponException.Of(status, answer, Native.wxcoupon_buf_in_doubt(buf) == 1);
            }
        }
    }

    // A SafeHandle is not freed while a call is using it, and is freed when its owner forgot to.
    sealed class BufferHandle : SafeHandleZeroOrMinusOneIsInvalid
    {
        public BufferHandle() : base(true) { }

        protected override bool ReleaseHandle() { Native.wxcoupon_buf_free(handle); return true; }
    }

    sealed class ContextHandle : SafeHandleZeroOrMinusOneIsInvalid
    {
        public ContextHandle() : base(true) { }

        protected override bool ReleaseHandle() { return Native.wxcoupon_ctx_free(handle) == Status.Ok; }
    }

    sealed class JobHandle : SafeHandleZeroOrMinusOneIsInvalid
    {
        public JobHandle() : base(true) { }

        protected override bool ReleaseHandle() { Native.wxcoupon_job_free(handle); return true; }
    }

    static class Native
    {
        const string Dll = "wxcoupon";
        const CallingConvention C = CallingConvention.Cdecl;

        // Unicode: else the char[] of wxcoupon_buf_copy_utf16 would be one of bytes, half as large.

        // Generated from include/wxcoupon.json by make header: callbacks
        [UnmanagedFunctionPointer(C)]
        internal delegate void LogSink(IntPtr userData, int level, IntPtr message, uint messageLen);
        // End of callbacks

        // Generated from include/wxcoupon.json by make header: functions
        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern IntPtr wxcoupon_version();

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_abi_version();

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern IntPtr wxcoupon_status_name(int status);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern IntPtr wxcoupon_status_text(int status);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_status_class(int status);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern BufferHandle wxcoupon_buf_new();

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern IntPtr wxcoupon_buf_data(BufferHandle buf);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern uint wxcoupon_buf_len(BufferHandle buf);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern uint wxcoupon_buf_copy(BufferHandle buf, [Out] byte[] dst, uint cap);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern uint wxcoupon_buf_copy_utf16(BufferHandle buf, [Out] char[] dst, uint cap);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_buf_status(BufferHandle buf);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_buf_in_doubt(BufferHandle buf);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern void wxcoupon_buf_free(IntPtr buf);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_ctx_new(byte[] configJson, out ContextHandle outCtx, BufferHandle outBuf);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_ctx_update(ContextHandle ctx, byte[] configJson, BufferHandle outBuf);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_ctx_free(IntPtr ctx);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_scan(ContextHandle ctx, byte[] jsonIn, BufferHandle outBuf);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_query(ContextHandle ctx, byte[] jsonIn, BufferHandle outBuf);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_quote(ContextHandle ctx, byte[] jsonIn, BufferHandle outBuf);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_use(ContextHandle ctx, byte[] jsonIn, BufferHandle outBuf);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_return(ContextHandle ctx, byte[] jsonIn, BufferHandle outBuf);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_list(ContextHandle ctx, byte[] jsonIn, BufferHandle outBuf);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_send(ContextHandle ctx, byte[] jsonIn, BufferHandle outBuf);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_confirm(ContextHandle ctx, byte[] jsonIn, BufferHandle outBuf);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_deactivate(ContextHandle ctx, byte[] jsonIn, BufferHandle outBuf);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_pending(ContextHandle ctx, BufferHandle outBuf);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_settle(ContextHandle ctx, byte[] jsonIn, BufferHandle outBuf);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_start(
            ContextHandle ctx, byte[] operation, byte[] jsonIn, out JobHandle outJob);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_job_wait(JobHandle job, uint waitMs, BufferHandle outBuf);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_job_cancel(JobHandle job);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern void wxcoupon_job_free(IntPtr job);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_notification_open(
            ContextHandle ctx, byte[] headersJson, byte[] body, uint bodyLen, BufferHandle outBuf);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_call(
            ContextHandle ctx, byte[] operation, byte[] jsonIn, BufferHandle outBuf);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_request(
            ContextHandle ctx, byte[] method, byte[] pathAndQuery, byte[] jsonBody, BufferHandle outBuf);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_log_set(LogSink sink, IntPtr userData, int maxLevel);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_warm(ContextHandle ctx, BufferHandle outBuf);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_check(ContextHandle ctx, byte[] jsonIn, BufferHandle outBuf);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_stats(ContextHandle ctx, byte[] jsonIn, BufferHandle outBuf);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern uint wxcoupon_handles_live();
        // End of functions
    }
}
