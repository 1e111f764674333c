RegExp=((Native)=>{
const names={ASCII:"\\x00-\\x7F",Any:"\\s\\S",Alphabetic:"\\p{L}\\p{Nl}",Alpha:"\\p{L}\\p{Nl}",ID_Start:"\\p{L}\\p{Nl}",IDS:"\\p{L}\\p{Nl}",XID_Start:"\\p{L}\\p{Nl}",XIDS:"\\p{L}\\p{Nl}",ID_Continue:"\\p{L}\\p{Nl}\\p{Mn}\\p{Mc}\\p{Nd}\\p{Pc}",IDC:"\\p{L}\\p{Nl}\\p{Mn}\\p{Mc}\\p{Nd}\\p{Pc}",XID_Continue:"\\p{L}\\p{Nl}\\p{Mn}\\p{Mc}\\p{Nd}\\p{Pc}",XIDC:"\\p{L}\\p{Nl}\\p{Mn}\\p{Mc}\\p{Nd}\\p{Pc}",White_Space:"\\s",space:"\\s",Uppercase:"\\p{Lu}",Upper:"\\p{Lu}",Lowercase:"\\p{Ll}",Lower:"\\p{Ll}"};
const categories={Letter:"L",Cased_Letter:"LC",Uppercase_Letter:"Lu",Lowercase_Letter:"Ll",Titlecase_Letter:"Lt",Modifier_Letter:"Lm",Other_Letter:"Lo",Mark:"M",Nonspacing_Mark:"Mn",Spacing_Mark:"Mc",Enclosing_Mark:"Me",Number:"N",Decimal_Number:"Nd",digit:"Nd",Letter_Number:"Nl",Other_Number:"No",Punctuation:"P",punct:"P",Connector_Punctuation:"Pc",Dash_Punctuation:"Pd",Open_Punctuation:"Ps",Close_Punctuation:"Pe",Initial_Punctuation:"Pi",Final_Punctuation:"Pf",Other_Punctuation:"Po",Symbol:"S",Math_Symbol:"Sm",Currency_Symbol:"Sc",Modifier_Symbol:"Sk",Other_Symbol:"So",Separator:"Z",Space_Separator:"Zs",Line_Separator:"Zl",Paragraph_Separator:"Zp",Other:"C",Control:"Cc",cntrl:"Cc",Format:"Cf",Surrogate:"Cs",Private_Use:"Co"};
const fix=(pattern)=>{let inClass=false;
return "(?=)"+pattern.replace(/\\([pP])\{(?:[A-Za-z_]+=)?([A-Za-z0-9_]+)\}|\\[^]|[\[\]]/g,(all,sign,name)=>{
if(all==="["){inClass=true;return all}
if(all==="]"){inClass=false;return all}
if(name===undefined)return all;
const set=names[name];
if(set===undefined)return "\\"+sign+"{"+(categories[name]||name)+"}";
if(!inClass)return (sign==="p"?"[":"[^")+set+"]";
return sign==="p"?set:all;
})};
const Fixed=function RegExp(pattern,flags){
const from=pattern!==null&&typeof pattern==="object"&&pattern[Symbol.match]!==undefined;
if(from&&!new.target&&flags===undefined&&pattern.constructor===Fixed)return pattern;
const text=from&&typeof pattern.source==="string"?pattern.source:pattern;
const set=flags===undefined?(from?pattern.flags:""):String(flags);
const unicode=set.includes("u")&&typeof text==="string"&&/\\[pP]\{/.test(text)&&!text.startsWith("(?=)");
return Reflect.construct(Native,[unicode?fix(text):text,set],new.target||Fixed);
};
Object.setPrototypeOf(Fixed,Native);
Object.defineProperty(Fixed,"prototype",{value:Native.prototype,writable:false});
Object.defineProperty(Fixed,"length",{value:2});
Object.defineProperty(Native.prototype,"constructor",{value:Fixed,writable:true,configurable:true});
return Fixed;
})(RegExp);
