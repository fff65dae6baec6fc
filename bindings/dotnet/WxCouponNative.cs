// WxCouponNative.cs - the functions of wxcoupon.h and their handles; programs use WxCoupon.cs
using System;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace WxCoupon
{
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

        [UnmanagedFunctionPointer(C)]
        internal delegate void LogSink(IntPtr userData, int level, IntPtr message, uint messageLen);

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
        internal static extern int wxcoupon_ctx_new(
            byte[] configJson, out ContextHandle outCtx, BufferHandle outBuf);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_ctx_update(ContextHandle ctx, byte[] configJson, BufferHandle outBuf);

        [DllImport(Dll, CallingConvention = C, CharSet = CharSet.Unicode, ExactSpelling = true)]
        internal static extern int wxcoupon_ctx_free(IntPtr ctx);

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
        internal static extern uint wxcoupon_handles_live();
    }
}
