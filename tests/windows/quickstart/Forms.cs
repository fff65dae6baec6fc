// Stands in for the windows of System.Windows.Forms, which is not there under Wine: Application.Run types each line of the
// input into the text box, presses the button, and prints what the label says.
using System.Collections.Generic;

namespace System.Windows.Forms
{
    public class Control
    {
        public int Left, Top, Width, Height;
        public string Text;
        public readonly Collection Controls = new Collection();
        public event EventHandler Click;

        public void Press() { Click(this, EventArgs.Empty); }

        public class Collection : List<Control>
        {
            public void AddRange(Control[] more) { base.AddRange(more); }
        }
    }

    public class TextBox : Control { }
    public class Button : Control { }
    public class Label : Control { }
    public class Form : Control { }

    public static class Application
    {
        public static void Run(Form form)
        {
            var typed = new IO.StreamReader(Console.OpenStandardInput());
            var screen = new IO.StreamWriter(Console.OpenStandardOutput());
            string line;
            while ((line = typed.ReadLine()) != null)
            {
                form.Controls[0].Text = line;
                form.Controls[1].Press();
                screen.WriteLine(form.Controls[2].Text);
                screen.Flush();
            }
        }
    }
}
